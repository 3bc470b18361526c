#!/usr/bin/env python3
"""Monte Carlo engine beside a vectorised float32 NumPy version of the same models, in the same run, one core, CPU time."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND = "make bench ONLY=montecarlo"
PEER = ROOT / "bench/plan/montecarlo_numpy.py"
COMPANY = "examples/seed.toml"


def row(name, value, unit, bar, holds, peer=None, **more):
    print(json.dumps({"name": f"montecarlo/{name}", "value": value, "unit": unit, "bar": bar, "holds": holds, "peer": peer,
                      "command": COMMAND, **more}), flush=True)


def numpy_python():
    for python in (sys.executable, "/usr/bin/python3", shutil.which("python3")):
        if python and subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode == 0:
            return python
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build)
    program = build / "bench/montecarlo_speed"
    if not program.exists():
        for name, bar in (("cash_process", ">= 15"), ("financing", ">= 30"), ("scenario_months", "<= 10"), ("memory", "<= 1.1"), ("moments", "<= 1e-4")):
            row(name, None, "", bar, None, why=f"{program} is not built")
        return 0

    def ours(*words):
        out = subprocess.run([str(program), *map(str, words)], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return json.loads(out)

    def median_of_3(action, key):
        return sorted((action() for _ in range(3)), key=key)[1]

    python = numpy_python()

    def peer(*words, stdin=None):
        out = subprocess.run([python, str(PEER), *map(str, words)], input=stdin, check=True, capture_output=True, text=True).stdout
        return json.loads(out)

    rate = lambda r: r["paths"] / r["cpu_s"]
    cash = median_of_3(lambda: ours("cash", 800_000), rate)
    venture = median_of_3(lambda: ours("venture", COMPANY, 400_000, 1), rate)
    if python is None:
        row("cash_process", None, "x numpy", ">= 15", None, why="no python with numpy; apt install python3-numpy")
        row("financing", None, "x numpy", ">= 30", None, why="no python with numpy; apt install python3-numpy")
    else:
        base = median_of_3(lambda: peer("cash", 100_000), rate)
        same = abs(base["ruin"] - cash["ruin"]) < 0.01 and abs(base["mean"] / cash["mean"] - 1) < 0.05
        ratio = rate(cash) / rate(base)
        row("cash_process", ratio, "x numpy", ">= 15", bool(ratio >= 15 and same),
            {"name": "numpy float32 SFC64, paths/s", "value": rate(base)}, paths_per_s=rate(cash), isa=cash["isa"], ruin=[cash["ruin"], base["ruin"]])
        numbers = json.dumps(ours("numbers", COMPANY))
        base = median_of_3(lambda: peer("venture", 40_000, stdin=numbers), rate)
        error = (base["ruin"] * (1 - base["ruin"]) / base["paths"]) ** 0.5
        same = (abs(base["ruin"] - venture["ruin"]) < 4 * error + 1e-3 and abs(base["rounds"] - venture["rounds"]) < 0.03
                and abs(base["founder_value"] / venture["founder_value"] - 1) < 0.06)
        ratio = rate(venture) / rate(base)
        row("financing", ratio, "x numpy", ">= 30", bool(ratio >= 30 and same),
            {"name": "numpy float32 SFC64, paths/s", "value": rate(base)}, paths_per_s=rate(venture), ruin=[venture["ruin"], base["ruin"]],
            rounds=[venture["rounds"], base["rounds"]], founder_value=[venture["founder_value"], base["founder_value"]])

    paths = 100_000_000 // venture["months"] + 1
    big = ours("venture", COMPANY, paths, 2)
    # CPU seconds over two cores: the wall time of two idle cores, and the same number on a busy machine.
    row("scenario_months", big["cpu_s"] / 2, "s for 1e8 with financing on 2 cores", "<= 10", bool(big["cpu_s"] / 2 <= 10),
        scenario_months_per_core_s=paths * big["months"] / big["cpu_s"])
    small, large = ours("venture", COMPANY, 20_000, 2), ours("venture", COMPANY, 4_000_000, 2)
    growth = large["max_rss_kib"] / small["max_rss_kib"]
    row("memory", growth, "x for 200 times the paths", "<= 1.1", bool(growth <= 1.1), max_rss_mib=large["max_rss_kib"] / 1024)
    m = ours("moments", 100_000_000, 100, 2)
    worst = max(abs(m["mean"]), abs(m["second"] - 1), abs(m["third"]), abs(m["fourth"] - 3))
    row("moments", worst, f"largest error of 4 moments over {m['count']:.0e} draws", "<= 1e-4", bool(worst <= 1e-4), normals_per_core_s=m["count"] / m["cpu_s"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
