#!/usr/bin/env python3
"""A small Faster R-CNN from scratch on blood cells (BCCD): average precision by VOC's and COCO's rules, the error of the
counts beside that of always saying the mean count of the training images, and CPU time. One JSON row a line."""
import argparse
import collections
import pathlib
import sys
import tempfile
import xml.etree.ElementTree

from _rows import compared, cpu_minutes, data_set, ingot

BARS = {"map50": ("VOC mAP@0.5", ">=", 0.90), "coco-map": ("COCO mAP", ">=", 0.56),
        "red-cell-count-error": ("cells an image", "<=", None), "cpu-minutes": ("CPU minutes", "<=", 20)}


def judged(name, value, limit=None, **more):
    unit, sign, bar = BARS[name]
    compared("blood-cells-" + name, value, unit, sign, bar if limit is None else limit, **more)


def mean_count_error(folder, label):
    """Mean absolute error on the test images of always answering the mean count of the training images."""
    def counts(split):
        names = (folder / "ImageSets/Main" / f"{split}.txt").read_text().split()
        trees = [xml.etree.ElementTree.parse(folder / "Annotations" / f"{name}.xml") for name in names]
        return [collections.Counter(o.findtext("name") for o in tree.iter("object"))[label] for tree in trees]
    train, test = counts("trainval"), counts("test")
    mean = sum(train) / len(train)
    return sum(abs(n - mean) for n in test) / len(test)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    data = data_set("det-bccd/BCCD")
    if not data:
        for name in BARS:
            judged(name, None, why="INGOT_DATA holds no det-bccd")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "blood-cells"
        ingot(build, "train", "recipes/faster_rcnn/blood-cells.toml", "--run-folder", folder, "--quiet", "--json")
        metrics = ingot(build, "eval", folder, "--split", "test", "--checkpoint", "latest", "--json")["metrics"]
    print(metrics, file=sys.stderr)
    judged("map50", metrics["map50"], ap50=metrics["ap50"])
    judged("coco-map", metrics["coco_map"], coco_ap=metrics["coco_ap"])
    trivial = mean_count_error(data, "RBC")
    judged("red-cell-count-error", metrics["counts"]["RBC"]["mean_absolute_error"], round(trivial, 3),
           peer={"name": "mean count of the training images", "value": trivial}, counts=metrics["counts"])
    judged("cpu-minutes", round(cpu_minutes(), 1))


if __name__ == "__main__":
    main()
