#!/usr/bin/env python3
"""The article's classifier on real reviews, by one command and by the C++ API: accuracy and CPU time."""
import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CPU_BAR = 10
# recipe, bar, accuracy of Keras's defaults in PyTorch, whether the best epoch counts (else the last)
CASES = [("imdb-last20", 0.735, "PyTorch 0.745-0.747", True),
         ("imdb-last200", 0.855, "PyTorch 0.868", True),
         ("sst2", 0.79, "PyTorch 0.795", False)]


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(" ".join(command), file=sys.stderr)
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return run, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rows(name, run, seconds, accuracy, bar, peer, command):
    for what, value, unit, limit, holds in [
            ("test accuracy", accuracy, "share", f">= {bar}", accuracy is not None and accuracy >= bar),
            ("CPU time, data included", round(seconds, 2), "s", f"<= {CPU_BAR}", seconds <= CPU_BAR)]:
        row = {"name": f"classifier/{name}: {what}", "value": value, "unit": unit, "bar": limit, "holds": holds,
               "peer": peer, "command": command}
        if run.returncode:
            row.update(value=None, holds=None, why=f"the program ended with exit code {run.returncode}")
        print(json.dumps(row), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = pathlib.Path(parser.parse_args().build).resolve()
    if not os.environ.get("INGOT_DATA"):
        print("INGOT_DATA is not set; the data must be under the home folder of ingot", file=sys.stderr)
    for name, bar, peer, best in CASES:
        with tempfile.TemporaryDirectory() as folder:
            recipe = f"recipes/embedding_classifier/{name}.toml"
            run, seconds = timed([str(build / "ingot"), "train", recipe, "--quiet", "--json", "--run-folder",
                                  str(pathlib.Path(folder) / "run")])
            accuracy = None
            if run.returncode == 0:
                evaluation = json.loads(run.stdout)["eval"]
                accuracy = evaluation["best"]["value"] if best else evaluation["validation"]["accuracy"]
            rows(name, run, seconds, accuracy, bar, peer, f"ingot train {recipe}")
    run, seconds = timed([str(build / "examples/cpp/classifier")])
    found = re.findall(r"validation loss \S+  accuracy (\S+)", run.stdout)
    rows("imdb-last20 by the C++ API", run, seconds, max(map(float, found), default=None), CASES[0][1], CASES[0][2],
         "examples/cpp/classifier")


if __name__ == "__main__":
    main()
