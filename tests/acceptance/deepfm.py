#!/usr/bin/env python3
"""DeepFM with its baselines on MovieLens (the latest ratings of each user held out) and Adult: AUC, calibration, and CPU
time of training. One JSON row a line."""
import argparse
import pathlib
import sys
import tempfile

from _rows import compared, cpu_minutes, data_set, ingot

# Each baseline with settings tuned for it on the validation part, so that the gains are no strawmen's.
SETTINGS = {"LR": ['model.parts=["linear"]', "data.ordinal=false", "train.epochs=15", "train.batch_size=256",
                   "optimizer.lr=3e-3", "optimizer.l2=1e-4", "ema.decay=0"],
            "FM": ['model.parts=["linear", "fm"]'],
            "DeepFM": []}


def test_metrics(build, recipe, folder, settings=()):
    """Metrics on the test part with the checkpoint that was best on the validation part; CPU seconds of training."""
    before = cpu_minutes()
    options = [part for setting in settings for part in ("--set", setting)]
    ingot(build, "train", f"recipes/deepfm/{recipe}.toml", "--run-folder", folder, "--quiet", "--json", *options)
    seconds = 60 * (cpu_minutes() - before)
    metrics = ingot(build, "eval", folder, "--split", "test", "--json")["metrics"]
    print(folder.name, metrics, file=sys.stderr)
    return metrics, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        if data_set("ctr-movielens-latest-small"):
            results = {name: test_metrics(build, "movielens", folder / name, settings)
                       for name, settings in SETTINGS.items()}
            auc = {name: metrics["auc"] for name, (metrics, _) in results.items()}
            metrics, seconds = results["DeepFM"]
            compared("movielens: test AUC", auc["DeepFM"], "AUC", ">=", 0.765, gauc=metrics["gauc"],
                     logloss=metrics["loss"])
            for name, gain in (("FM", 0.003), ("LR", 0.015)):
                compared(f"movielens: AUC above {name}", auc["DeepFM"] - auc[name], "AUC", ">=", gain,
                         {"name": f"{name} on the same fields and split", "value": auc[name]})
            compared("movielens: CPU time", seconds, "s", "<=", 600)
        else:
            compared("movielens: test AUC", None, "AUC", ">=", 0.765, why="INGOT_DATA holds no ctr-movielens-latest-small")
        if data_set("ctr-adult-census"):
            metrics, seconds = test_metrics(build, "adult", folder / "adult")
            compared("adult: test AUC", metrics["auc"], "AUC", ">=", 0.908)
            compared("adult: calibration error", metrics["ece"], "ECE", "<=", 0.02)
            compared("adult: CPU time", seconds, "s", "<=", 300)
        else:
            compared("adult: test AUC", None, "AUC", ">=", 0.908, why="INGOT_DATA holds no ctr-adult-census")


if __name__ == "__main__":
    main()
