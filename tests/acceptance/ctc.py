#!/usr/bin/env python3
"""Speech recognition with CTC: word error rates of spoken digits (FSDD), alone and in strings of five, and of Kaldi's
yesno, beside always answering the likeliest word. One JSON row a line. --fsdd RUN and --yesno RUN reuse trained runs,
whose CPU time is read from run.json."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "make acceptance ONLY=ctc"
DATA = {"fsdd": "speech-fsdd-4-speakers", "yesno": "speech-yesno"}
GUESS = {"fsdd": 0.9, "yesno": 0.5}  # of one word said every time
MINUTES = 40


def row(name, value, unit, bar, limit, guess=None, **more):
    peer = None if guess is None else {"name": "the likeliest word", "value": guess}
    print(json.dumps({"name": "ctc/" + name, "value": value, "unit": unit, "bar": f"<= {limit}",
                      "holds": None if value is None else value <= limit, "peer": peer, "command": COMMAND, **more}),
          flush=True)


def run(build, *arguments):
    out = subprocess.run([str(build / "ingot"), *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE,
                         text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    for name in DATA:
        parser.add_argument("--" + name, help=f"run folder of recipes/ctc/{name}.toml")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    mirror = os.environ.get("INGOT_DATA")
    minutes = 0
    for name, data in DATA.items():
        if not mirror or not (pathlib.Path(mirror) / data).is_dir():
            row(name, None, "test WER", 0, 0.08 if name == "fsdd" else 0, why=f"INGOT_DATA holds no {data}")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(vars(arguments)[name] or pathlib.Path(temporary) / name).resolve()
            if not vars(arguments)[name]:
                run(build, "train", f"recipes/ctc/{name}.toml", "--run-folder", folder, "--quiet", "--json")
            minutes += json.loads((folder / "run.json").read_text())["train"]["cpu_s"] / 60
            metrics = run(build, "eval", folder, "--split", "test", "--json")["metrics"]
            print(metrics, f"{minutes:.1f} CPU minutes", file=sys.stderr)
            edits = {key: metrics[key] for key in ("words", "substitutions", "deletions", "insertions")}
            if name == "fsdd":
                row("fsdd-isolated", metrics["wer"], "test WER", 0, 0.08, GUESS[name], **edits)
                row("fsdd-strings-of-five", metrics["strings"]["wer"], "test WER", 0, 0.03, GUESS[name])
            else:
                row("yesno", metrics["wer"], "test WER", 0, 0, GUESS[name], **edits)
    if minutes:
        row("cpu-minutes", round(minutes, 1), "CPU minutes of training", 0, MINUTES)


if __name__ == "__main__":
    main()
