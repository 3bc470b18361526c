#!/usr/bin/env python3
"""Small residual networks on Fashion-MNIST and CIFAR-10 (JPEG copies): test accuracy, calibration and CPU time, beside
the share of the largest class. One JSON row a line."""
import argparse
import pathlib
import sys
import tempfile

from _rows import compared, cpu_minutes, data_set, ingot, within

# recipe, data, bar of the accuracy, CPU minutes
CASES = (("fashion", "img-fashion-mnist", 0.925, 20), ("cifar10", "img-cifar10-jpg", 0.85, 35))
MAJORITY = 0.1  # both test parts hold as many of each class


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--only", choices=[case[0] for case in CASES])
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    for recipe, data, bar, minutes in CASES:
        if arguments.only not in (None, recipe):
            continue
        if not data_set(data):
            compared(recipe, None, "test accuracy", ">=", bar, why=f"INGOT_DATA holds no {data}")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder, before = pathlib.Path(temporary) / recipe, cpu_minutes()
            ingot(build, "train", f"recipes/resnet/{recipe}.toml", "--run-folder", folder, "--quiet", "--json")
            metrics = ingot(build, "eval", folder, "--split", "test", "--json")["metrics"]
            spent = cpu_minutes() - before
        print(metrics, f"{spent:.1f} CPU minutes", file=sys.stderr)
        compared(recipe, metrics["accuracy"], "test accuracy", ">=", bar, {"name": "largest class", "value": MAJORITY},
                 top5=metrics["top5"], ece=metrics["ece"])
        within(f"{recipe}-cpu-minutes", spent, minutes)


if __name__ == "__main__":
    main()
