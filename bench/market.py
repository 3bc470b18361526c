#!/usr/bin/env python3
"""Price equilibria beside a NumPy zeta iteration of the same market, in the same run, one core, CPU time."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND = "make bench ONLY=market"
# name, products, firms, draws, bar in seconds, solves of ours and of the peer
MARKETS = (("plain_logit", 1000, 50, 1, 1e-3, 50, 3), ("mixed_logit", 100, 10, 500, 50e-3, 30, 3))


def row(name, value, unit, bar, holds, peer=None, **more):
    print(json.dumps({"name": f"market/{name}", "value": value, "unit": unit, "bar": bar, "holds": holds, "peer": peer,
                      "command": COMMAND, **more}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    program = pathlib.Path(parser.parse_args().build).resolve() / "bench/market_speed"
    python = next((p for p in (sys.executable, "/usr/bin/python3", shutil.which("python3"))
                   if p and subprocess.run([p, "-c", "import numpy"], capture_output=True).returncode == 0), None)
    for name, J, F, R, limit, ours_n, peer_n in MARKETS:
        unit, bar = f"ms for {J} products, {F} firms, {R} draws", f"< {limit * 1e3:g}"
        if not program.exists():
            row(name, None, unit, bar, None, why=f"{program} is not built")
            row(f"{name}_beside_numpy", None, "x numpy", ">= 20", None, why=f"{program} is not built")
            continue
        words = [str(w) for w in (J, F, R, 1)]
        market = subprocess.run([program, "make", *words], check=True, capture_output=True, text=True).stdout
        ours = json.loads(subprocess.run([program, "solve", *words, str(ours_n)], check=True, capture_output=True, text=True).stdout)
        good = ours["status"] == "converged"
        row(name, ours["cpu_s"] * 1e3, unit, bar, bool(good and ours["cpu_s"] < limit), residual=ours["residual"],
            iterations=ours["iterations"], isa=ours["isa"], checked="second-order conditions by 16 deviations of every price and firm")
        if python is None:
            row(f"{name}_beside_numpy", None, "x numpy", ">= 20", None, why="no python with numpy; apt install python3-numpy")
            continue
        peer = json.loads(subprocess.run([python, ROOT / "bench/plan/market_numpy.py", str(peer_n)], input=market, check=True,
                                         capture_output=True, text=True).stdout)
        apart = max(abs(a / b - 1) for a, b in zip(ours["price"], peer["gamma"]["price"]))
        # The peer iterates and checks nothing, so ours is timed without the check of deviations here.
        ratio = peer["gamma"]["cpu_s"] / ours["unchecked_cpu_s"]
        row(f"{name}_beside_numpy", ratio, "x numpy", ">= 20", bool(good and apart < 1e-10 and ratio >= 20),
            {"name": f"numpy {peer['numpy']} zeta iteration with Gamma as PyBLP forms it, s", "value": peer["gamma"]["cpu_s"]},
            largest_difference=apart, cpu_s=ours["unchecked_cpu_s"], peer_iterations=peer["gamma"]["iterations"],
            beside_numpy_without_gamma=peer["sums_by_firm"]["cpu_s"] / ours["unchecked_cpu_s"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
