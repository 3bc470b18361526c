#!/usr/bin/env python3
"""Speed of cleaning and deduplication on one thread, in CPU time. Prints one JSON row a line."""
import argparse
import json
import pathlib
import subprocess
import sys

COMMAND = "make bench ONLY=data"
BAR = 20e6  # bytes a second a core
ROWS = {
    "CurateJsonl": "data/clean+dedup jsonl",
    "CurateManualPages": "data/clean+dedup manual pages (gzip, troff)",
    "Clean": "data/stage clean",
    "Quality": "data/stage quality",
    "FindPii": "data/stage pii",
    "MinHash": "data/stage minhash",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    program = pathlib.Path(parser.parse_args().build) / "bench" / "data_bench"
    run = subprocess.run([str(program), "--benchmark_format=json", "--benchmark_min_time=1"], stdout=subprocess.PIPE, text=True, check=True)
    for benchmark in json.loads(run.stdout)["benchmarks"]:
        name = ROWS[benchmark["name"].split("/")[0]]
        row = {"name": name, "value": None, "unit": "MB/s a core", "bar": ">= 20", "holds": None, "peer": None, "command": COMMAND}
        if benchmark.get("error_occurred"):
            row["why"] = benchmark["error_message"]
            if "duplicates" in row["why"]:
                row["holds"] = False
        else:
            # cpu_time is per iteration in ms; bytes_per_second is by wall or CPU depending on the version.
            rate = benchmark["bytes_per_second"]
            row["value"], row["holds"] = round(rate / 1e6, 1), rate >= BAR
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    sys.exit(main())
