#!/usr/bin/env python3
"""A small R3GAN on Fashion-MNIST: the distance of 10,000 samples from the test images over that of noise, the rarest
class among them by our own classifier, and CPU time. One JSON row a line. --judge RUN reuses a trained classifier."""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "make acceptance ONLY=gan"
BARS = {"cfid-of-noise": ("share of noise's cFID", 0.05), "rarest-class": ("share of samples", 0.03),
        "cpu-minutes": ("CPU minutes", 40), "judge": ("test accuracy", 0.92)}


def row(name, value, holds, **more):
    unit, bar = BARS[name]
    at_least = name in ("rarest-class", "judge")
    if value is not None:
        holds = value >= bar if at_least else value <= bar
    print(json.dumps({"name": "gan/fashion-" + name, "value": value, "unit": unit,
                      "bar": f"{'>=' if at_least else '<='} {bar}", "holds": holds, "peer": None, "command": COMMAND,
                      **more}), flush=True)


def run(build, *arguments):
    out = subprocess.run([str(build / "ingot"), *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE,
                         text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--judge", help="run folder of recipes/resnet/fashion.toml")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    mirror = os.environ.get("INGOT_DATA")
    if not mirror or not (pathlib.Path(mirror) / "img-fashion-mnist").is_dir():
        for name in BARS:
            row(name, None, None, why="INGOT_DATA holds no img-fashion-mnist")
        return
    with tempfile.TemporaryDirectory() as temporary:
        judge = pathlib.Path(arguments.judge or pathlib.Path(temporary) / "judge").resolve()
        if not arguments.judge:
            run(build, "train", "recipes/resnet/fashion.toml", "--run-folder", judge, "--quiet", "--json")
        accuracy = run(build, "eval", judge, "--split", "test", "--json")["metrics"]["accuracy"]
        folder = pathlib.Path(temporary) / "gan"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(build, "train", "recipes/gan/fashion-r3gan.toml", "--run-folder", folder, "--quiet", "--json",
            "--set", f'model.judge="{judge}"')
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        metrics = run(build, "eval", folder, "--split", "test", "--checkpoint", "latest", "--json")["metrics"]
        print(metrics, file=sys.stderr)
        row("judge", accuracy, None)
        row("cfid-of-noise", metrics["of_noise"], None, cfid=metrics["cfid"], floor=metrics["floor"], kid=metrics["kid"])
        row("rarest-class", metrics["smallest_class"], None, class_entropy=metrics["class_entropy"])
        row("cpu-minutes", round((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60, 1), None)


if __name__ == "__main__":
    main()
