#!/usr/bin/env python3
"""A small R3GAN on Fashion-MNIST: the distance of 10,000 samples from the test images over that of noise, the rarest
class among them by our own classifier, and CPU time. One JSON row a line. --judge RUN reuses a trained classifier."""
import argparse
import pathlib
import sys
import tempfile

from _rows import compared, cpu_minutes, data_set, ingot

BARS = {"cfid-of-noise": ("share of noise's cFID", "<=", 0.05), "rarest-class": ("share of samples", ">=", 0.03),
        "cpu-minutes": ("CPU minutes", "<=", 40), "judge": ("test accuracy", ">=", 0.92)}


def judged(name, value, **more):
    compared("fashion-" + name, value, *BARS[name], **more)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--judge", help="run folder of recipes/resnet/fashion.toml")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    if not data_set("img-fashion-mnist"):
        for name in BARS:
            judged(name, None, why="INGOT_DATA holds no img-fashion-mnist")
        return
    with tempfile.TemporaryDirectory() as temporary:
        judge = pathlib.Path(arguments.judge or pathlib.Path(temporary) / "judge").resolve()
        if not arguments.judge:
            ingot(build, "train", "recipes/resnet/fashion.toml", "--run-folder", judge, "--quiet", "--json")
        accuracy = ingot(build, "eval", judge, "--split", "test", "--json")["metrics"]["accuracy"]
        folder, before = pathlib.Path(temporary) / "gan", cpu_minutes()
        ingot(build, "train", "recipes/gan/fashion-r3gan.toml", "--run-folder", folder, "--quiet", "--json",
              "--set", f'model.judge="{judge}"')
        minutes = cpu_minutes() - before
        metrics = ingot(build, "eval", folder, "--split", "test", "--checkpoint", "latest", "--json")["metrics"]
    print(metrics, file=sys.stderr)
    judged("judge", accuracy)
    judged("cfid-of-noise", metrics["of_noise"], cfid=metrics["cfid"], floor=metrics["floor"], kid=metrics["kid"])
    judged("rarest-class", metrics["smallest_class"], class_entropy=metrics["class_entropy"])
    judged("cpu-minutes", round(minutes, 1))


if __name__ == "__main__":
    main()
