#!/usr/bin/env python3
"""A small Faster R-CNN from scratch on blood cells (BCCD): average precision by VOC's and COCO's rules, the error of the
counts beside that of always saying the mean count of the training images, and CPU time. One JSON row a line."""
import argparse
import collections
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "make acceptance ONLY=faster_rcnn"
BARS = {"map50": ("VOC mAP@0.5", 0.90), "coco-map": ("COCO mAP", 0.56), "red-cell-count-error": ("cells an image", None),
        "cpu-minutes": ("CPU minutes", 20)}


def row(name, value, bar=None, peer=None, **more):
    unit, fixed = BARS[name]
    bar = fixed if bar is None else bar
    at_least = name in ("map50", "coco-map")
    holds = None if value is None else value >= bar if at_least else value <= bar
    print(json.dumps({"name": "faster_rcnn/blood-cells-" + name, "value": value, "unit": unit,
                      "bar": f"{'>=' if at_least else '<='} {bar}", "holds": holds, "peer": peer, "command": COMMAND,
                      **more}), flush=True)


def mean_count_error(folder, label):
    """Mean absolute error on the test images of always answering the mean count of the training images."""
    def counts(split):
        names = (folder / "ImageSets/Main" / f"{split}.txt").read_text().split()
        trees = [xml.etree.ElementTree.parse(folder / "Annotations" / f"{name}.xml") for name in names]
        return [collections.Counter(o.findtext("name") for o in tree.iter("object"))[label] for tree in trees]
    train, test = counts("trainval"), counts("test")
    mean = sum(train) / len(train)
    return sum(abs(n - mean) for n in test) / len(test)


def run(build, *arguments):
    out = subprocess.run([str(build / "ingot"), *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE,
                         text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    mirror = os.environ.get("INGOT_DATA")
    data = pathlib.Path(mirror or ".") / "det-bccd/BCCD"
    if not mirror or not data.is_dir():
        for name in BARS:
            row(name, None, why="INGOT_DATA holds no det-bccd")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "blood-cells"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(build, "train", "recipes/faster_rcnn/blood-cells.toml", "--run-folder", folder, "--quiet", "--json")
        metrics = run(build, "eval", folder, "--split", "test", "--checkpoint", "latest", "--json")["metrics"]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(metrics, file=sys.stderr)
    row("map50", metrics["map50"], ap50=metrics["ap50"])
    row("coco-map", metrics["coco_map"], coco_ap=metrics["coco_ap"])
    trivial = mean_count_error(data, "RBC")
    row("red-cell-count-error", metrics["counts"]["RBC"]["mean_absolute_error"], bar=round(trivial, 3),
        peer={"name": "mean count of the training images", "value": trivial}, counts=metrics["counts"])
    row("cpu-minutes", round((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60, 1))


if __name__ == "__main__":
    main()
