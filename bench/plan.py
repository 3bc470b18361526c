#!/usr/bin/env python3
"""How fast `ingot plan` is: the whole command on 100,000 futures of 60 months with 6 firms, and what memory it takes."""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND = "make bench ONLY=plan"
CORES = 2  # of the bar; CPU seconds are divided by them, because a shared machine's wall clock means nothing


def row(name, value, unit, bar, holds, **more):
    print(json.dumps({"name": f"plan/{name}", "value": value, "unit": unit, "bar": bar, "holds": holds, "peer": None, "command": COMMAND, **more}), flush=True)


def measure(*words):
    """CPU seconds and peak memory in bytes of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["/usr/bin/env", "python3", "-c",
                        "import json, resource, subprocess, sys\n"
                        "subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
                        "json.dump(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, open(sys.argv[1], 'w'))", out.name, *map(str, words)], cwd=ROOT, check=True)
        memory = json.load(open(out.name)) * 1024
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    ingot = pathlib.Path(parser.parse_args().build).resolve() / "ingot"
    plan = "examples/venture_vertical.toml"
    few, few_memory = measure(ingot, "plan", plan, "--paths", 20_000, "--threads", CORES)
    many, many_memory = measure(ingot, "plan", plan, "--paths", 100_000, "--threads", CORES)
    # The two large runs (policy as written, recommended) grow with the paths; search, war-games and sensitivity do not.
    one = (many - few) / 2 / 0.8
    row("futures_100k", one / CORES, "s on 2 cores for 100,000 futures x 60 months x 6 firms", "< 60", one / CORES < 60,
        us_per_path_month=one / 100_000 / 60 * 1e6)
    row("command_100k", many / CORES, "s on 2 cores for the whole command: search, two runs, war-games, sensitivity", "< 120", many / CORES < 120)
    row("memory", many_memory / few_memory, f"peak memory at 100,000 paths over that at 20,000 ({many_memory / 2**20:.0f} MiB)", "<= 1.1", many_memory <= 1.1 * few_memory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
