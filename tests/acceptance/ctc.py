#!/usr/bin/env python3
"""Speech recognition with CTC: word error rates of spoken digits (FSDD), alone and in strings of five, and of Kaldi's
yesno, beside always answering the likeliest word. One JSON row a line. --fsdd RUN and --yesno RUN reuse trained runs,
whose CPU time is read from run.json."""
import argparse
import json
import pathlib
import sys
import tempfile

from _rows import compared, data_set, ingot

DATA = {"fsdd": "speech-fsdd-4-speakers", "yesno": "speech-yesno"}
GUESS = {"fsdd": 0.9, "yesno": 0.5}  # of one word said every time
MINUTES = 40


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    for name in DATA:
        parser.add_argument("--" + name, help=f"run folder of recipes/ctc/{name}.toml")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    minutes = 0
    for name, data in DATA.items():
        if not data_set(data):
            compared(name, None, "test WER", "<=", 0.08 if name == "fsdd" else 0, why=f"INGOT_DATA holds no {data}")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(vars(arguments)[name] or pathlib.Path(temporary) / name).resolve()
            if not vars(arguments)[name]:
                ingot(build, "train", f"recipes/ctc/{name}.toml", "--run-folder", folder, "--quiet", "--json")
            minutes += json.loads((folder / "run.json").read_text())["train"]["cpu_s"] / 60
            metrics = ingot(build, "eval", folder, "--split", "test", "--json")["metrics"]
            print(metrics, f"{minutes:.1f} CPU minutes", file=sys.stderr)
            edits = {key: metrics[key] for key in ("words", "substitutions", "deletions", "insertions")}
            guess = {"name": "the likeliest word", "value": GUESS[name]}
            if name == "fsdd":
                compared("fsdd-isolated", metrics["wer"], "test WER", "<=", 0.08, guess, **edits)
                compared("fsdd-strings-of-five", metrics["strings"]["wer"], "test WER", "<=", 0.03, guess)
            else:
                compared("yesno", metrics["wer"], "test WER", "<=", 0, guess, **edits)
    if minutes:
        compared("cpu-minutes", round(minutes, 1), "CPU minutes of training", "<=", MINUTES)


if __name__ == "__main__":
    main()
