#!/usr/bin/env python3
"""DeepFM with its baselines on MovieLens (the latest ratings of each user held out) and Adult: AUC, calibration, and CPU
time of training. One JSON row a line."""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "make acceptance ONLY=deepfm"
# Each baseline with settings tuned for it on the validation part, so that the gains are no strawmen's.
SETTINGS = {"LR": ['model.parts=["linear"]', "data.ordinal=false", "train.epochs=15", "train.batch_size=256",
                   "optimizer.lr=3e-3", "optimizer.l2=1e-4", "ema.decay=0"],
            "FM": ['model.parts=["linear", "fm"]'],
            "DeepFM": []}


def row(name, value, unit, bar, holds, **more):
    print(json.dumps({"name": "deepfm/" + name, "value": value, "unit": unit, "bar": bar, "holds": holds,
                      "peer": more.pop("peer", None), "command": COMMAND, **more}), flush=True)


def run(command):
    print(" ".join(command), file=sys.stderr)
    return json.loads(subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout)


def test_metrics(build, recipe, folder, settings=()):
    """Metrics on the test part with the checkpoint that was best on the validation part; CPU seconds of training."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(build / "ingot"), "train", recipe, "--run-folder", str(folder), "--quiet", "--json"]
    for setting in settings:
        command += ["--set", setting]
    run(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return run([str(build / "ingot"), "eval", str(folder), "--split", "test", "--json"])["metrics"], seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    mirror = os.environ.get("INGOT_DATA")
    have = {name: mirror and (pathlib.Path(mirror) / folder).exists()
            for name, folder in (("movielens", "ctr-movielens-latest-small"), ("adult", "ctr-adult-census"))}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        if have["movielens"]:
            results = {name: test_metrics(build, "recipes/deepfm/movielens.toml", folder / name, settings)
                       for name, settings in SETTINGS.items()}
            auc = {name: metrics["auc"] for name, (metrics, _) in results.items()}
            row("movielens: test AUC", auc["DeepFM"], "AUC", ">= 0.765", auc["DeepFM"] >= 0.765,
                gauc=results["DeepFM"][0]["gauc"], logloss=results["DeepFM"][0]["loss"])
            for name, gain in (("FM", 0.003), ("LR", 0.015)):
                more = auc["DeepFM"] - auc[name]
                row(f"movielens: AUC above {name}", more, "AUC", f">= {gain}", more >= gain,
                    peer={"name": f"{name} on the same fields and split", "value": auc[name]})
            seconds = results["DeepFM"][1]
            row("movielens: CPU time", seconds, "s", "<= 600", seconds <= 600)
        else:
            row("movielens: test AUC", None, "AUC", ">= 0.765", None, why="INGOT_DATA holds no ctr-movielens-latest-small")
        if have["adult"]:
            metrics, seconds = test_metrics(build, "recipes/deepfm/adult.toml", folder / "adult")
            row("adult: test AUC", metrics["auc"], "AUC", ">= 0.908", metrics["auc"] >= 0.908)
            row("adult: calibration error", metrics["ece"], "ECE", "<= 0.02", metrics["ece"] <= 0.02)
            row("adult: CPU time", seconds, "s", "<= 300", seconds <= 300)
        else:
            row("adult: test AUC", None, "AUC", ">= 0.908", None, why="INGOT_DATA holds no ctr-adult-census")


if __name__ == "__main__":
    main()
