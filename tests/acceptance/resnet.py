#!/usr/bin/env python3
"""Small residual networks on Fashion-MNIST and CIFAR-10 (JPEG copies): test accuracy, calibration and CPU time, beside
the share of the largest class. One JSON row a line."""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "make acceptance ONLY=resnet"
# recipe, data, bar of the accuracy, CPU minutes
CASES = (("fashion", "img-fashion-mnist", 0.925, 20), ("cifar10", "img-cifar10-jpg", 0.85, 35))
MAJORITY = 0.1  # both test parts hold as many of each class


def row(name, value, unit, bar, holds, **more):
    print(json.dumps({"name": "resnet/" + name, "value": value, "unit": unit, "bar": bar, "holds": holds,
                      "peer": {"name": "largest class", "value": MAJORITY}, "command": COMMAND, **more}), flush=True)


def run(build, *arguments):
    out = subprocess.run([str(build / "ingot"), *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE,
                         text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--only", choices=[case[0] for case in CASES])
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    for recipe, data, bar, minutes in CASES:
        if arguments.only not in (None, recipe):
            continue
        mirror = os.environ.get("INGOT_DATA")
        if not mirror or not (pathlib.Path(mirror) / data).is_dir():
            row(recipe, None, "test accuracy", f">= {bar}", None, why=f"INGOT_DATA holds no {data}")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary) / recipe
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            run(build, "train", f"recipes/resnet/{recipe}.toml", "--run-folder", folder, "--quiet", "--json")
            metrics = run(build, "eval", folder, "--split", "test", "--json")["metrics"]
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60
            print(metrics, f"{spent:.1f} CPU minutes", file=sys.stderr)
            row(recipe, metrics["accuracy"], "test accuracy", f">= {bar}", metrics["accuracy"] >= bar,
                top5=metrics["top5"], ece=metrics["ece"])
            row(f"{recipe}-cpu-minutes", round(spent, 1), "CPU minutes", f"<= {minutes}", spent <= minutes)


if __name__ == "__main__":
    main()
