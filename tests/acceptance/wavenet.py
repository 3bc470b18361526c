#!/usr/bin/env python3
"""WaveNet on spoken digits (FSDD): bits a sample of the test clips beside unigrams and bigrams, speed of generation, and
how many generated digits a speech recogniser of ours writes down rightly. One JSON row a line. --run and --judge reuse
trained runs of recipes/wavenet/fsdd.toml and recipes/ctc/fsdd.toml."""
import argparse
import json
import pathlib
import sys
import tempfile

from _rows import compared, data_set, ingot

DIGITS = "zero one two three four five six seven eight nine".split()
SPEAKERS = "george jackson lucas nicolas".split()
BARS = {"bits": ("bits a sample, mu-law 256, test", "<=", 5.3), "cpu-minutes": ("CPU minutes of training", "<=", 25),
        "speed": ("times real time at 8 kHz, one core", ">=", 1.0),
        "transcribed": ("share of generated digits", ">=", 0.6)}


def judged(name, value, peer=None, **more):
    compared("fsdd-" + name, value, *BARS[name], peer, **more)


def answers(build, run, requests, folder):
    file = pathlib.Path(folder) / "requests.jsonl"
    file.write_text("".join(json.dumps(request) + "\n" for request in requests))
    return [json.loads(line) for line in ingot(build, "predict", run, "--requests", file).splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--run", help="run folder of recipes/wavenet/fsdd.toml")
    parser.add_argument("--judge", help="run folder of recipes/ctc/fsdd.toml")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    if not data_set("speech-fsdd-4-speakers"):
        for name in BARS:
            judged(name, None, why="INGOT_DATA holds no speech-fsdd-4-speakers")
        return
    with tempfile.TemporaryDirectory() as temporary:
        runs = {}
        for name, recipe in (("run", "wavenet"), ("judge", "ctc")):
            runs[name] = pathlib.Path(vars(arguments)[name] or pathlib.Path(temporary) / name).resolve()
            if not vars(arguments)[name]:
                ingot(build, "train", f"recipes/{recipe}/fsdd.toml", "--run-folder", runs[name], "--quiet", "--json")
        metrics = ingot(build, "eval", runs["run"], "--split", "test", "--json")["metrics"]
        print(metrics, file=sys.stderr)
        judged("bits", metrics["bits"], {"name": "bigrams of levels", "value": metrics["bigram_bits"]},
            unigram_bits=metrics["unigram_bits"])
        judged("cpu-minutes", round(json.loads((runs["run"] / "run.json").read_text())["train"]["cpu_s"] / 60, 1))
        requests = [{"out": f"{temporary}/{digit}_{speaker}_{seed}.wav", "text": digit, "speaker": speaker,
                     "seed": seed} for digit in DIGITS for speaker in SPEAKERS for seed in range(2)]
        made = answers(build, runs["run"], requests, temporary)
        judged("speed", round(sum(a["seconds"] for a in made) / sum(a["cpu_seconds"] for a in made), 2))
        heard = answers(build, runs["judge"], [{"file": r["out"]} for r in requests], temporary)
        right = sum(h["text"] == r["text"] for h, r in zip(heard, requests))
        judged("transcribed", right / len(requests), {"name": "one word for all", "value": 0.1}, clips=len(requests))


if __name__ == "__main__":
    main()
