#!/usr/bin/env python3
"""Fails the k-th system call of a training run that resumes and saves, for k = 1, 2, ...: SIGKILL, EIO on fsync, a full
disk. After each, resuming must end in the bytes of the undisturbed run. Needs strace; the full disk needs root (tmpfs)."""
import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

WORDS = "good fine great bad poor dull film plot scene actor".split()
RECIPE = """[model]
name = "embedding_classifier"
num_words = 12
length = 4
embedding = 4
[data]
train = "{data}"
test = "{data}"
[train]
steps = 8
eval_every = 2
batch_size = 8
threads = 1
[optimizer]
name = "adam"
"""


def hashes(run):
    newest = sorted(p for p in (run / "checkpoints").glob("step-*") if not p.name.endswith(".tmp"))[-1]
    manifest = json.loads((newest / "MANIFEST.json").read_text())
    return manifest["step"], {f["name"]: f["sha256"] for f in manifest["files"] if f["name"] != "state.json"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--every", type=int, default=1, help="try each n-th call only")
    options = parser.parse_args()
    ingot = str(pathlib.Path(options.build).resolve() / "ingot")
    if not shutil.which("strace"):
        sys.exit("strace is not installed: apt-get install strace")
    bad = tried = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.environ["INGOT_HOME"] = str(folder / "home")
        rng = random.Random(0)
        rows = []
        for i in range(40):
            label = i % 2
            rows.append(f"{label} " + " ".join(rng.choice(WORDS[3 * label:3 * label + 3] + WORDS[6:]) for _ in range(4)))
        (folder / "data").write_text("\n".join(rows) + "\n")
        (folder / "recipe.toml").write_text(RECIPE.format(data=folder / "data"))

        def train(run, inject=None):
            command = [ingot, "train", str(folder / "recipe.toml"), "--run-folder", str(run), "--resume", "--quiet"]
            if inject:
                command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={inject.split(':')[0]}", "-e",
                           f"inject={inject}"] + command
            return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True).returncode

        assert train(folder / "whole") == 0
        whole = hashes(folder / "whole")

        def check(what, run):
            nonlocal bad, tried
            tried += 1
            code = train(run)
            good = code == 0 and hashes(run) == whole
            bad += not good
            print(f"{'ok  ' if good else 'FAIL'} {what}", file=sys.stderr)
            shutil.rmtree(run, ignore_errors=True)

        for call in ("fsync", "rename", "unlinkat", "mkdir", "write"):
            for k in range(1, 10000, options.every):
                run = folder / "killed"
                code = train(run, f"{call}:signal=SIGKILL:when={k}")
                check(f"SIGKILL at {call} {k}", run)
                if code == 0:
                    break  # the run makes fewer calls than that
        for k in range(1, 10000, options.every):
            run = folder / "eio"
            code = train(run, f"fsync:error=EIO:when={k}")
            check(f"EIO at fsync {k} (exit code {code})", run)
            if k > 80:
                break
        disk = folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)], stderr=subprocess.DEVNULL).returncode:
            print("skipped: a full disk (cannot mount a tmpfs)", file=sys.stderr)
        else:
            try:
                code = train(disk / "run")
                subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
                check(f"full disk of 96 KiB (exit code {code})", disk / "run")
            finally:
                subprocess.run(["umount", str(disk)], check=False)
    print(json.dumps({"name": "torture/checkpoint: faults after which resuming gave the whole run's bytes",
                      "value": tried - bad, "unit": "faults", "bar": f"all {tried}", "holds": tried > 0 and bad == 0,
                      "peer": "undisturbed run", "command": "tests/torture/checkpoint.py"}))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
