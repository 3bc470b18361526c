#!/usr/bin/env python3
"""German into English on Multi30k: BLEU of test2016 with beam 5, beside copying the source. One JSON row a line."""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "make acceptance ONLY=translation"
DATA = "nmt-multi30k-en-de"


def row(name, value, unit, bar, holds, **more):
    print(json.dumps({"name": "translation/" + name, "value": value, "unit": unit, "bar": bar, "holds": holds,
                      "peer": more.pop("peer", None), "command": COMMAND, **more}), flush=True)


def run(build, *arguments):
    out = subprocess.run([str(build / "ingot"), *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE,
                         text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    mirror = os.environ.get("INGOT_DATA")
    if not mirror or not (pathlib.Path(mirror) / DATA).is_dir():
        row("de-en", None, "BLEU", ">= 36", None, why=f"INGOT_DATA holds no {DATA}")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "de-en"
        run(build, "train", "recipes/seq2seq/multi30k-de-en.toml", "--run-folder", folder, "--quiet", "--json")
        metrics = run(build, "eval", folder, "--split", "test", "--json")["metrics"]
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        minutes = (used.ru_utime + used.ru_stime) / 60
        print(metrics, f"{minutes:.1f} CPU minutes", file=sys.stderr)
        copy = {"name": "the source as it is", "value": metrics["copy_bleu"]}
        row("de-en", metrics["bleu"], "BLEU, cased, detokenised, beam 5", ">= 36", metrics["bleu"] >= 36, peer=copy,
            chrf=metrics["chrf"])
        row("de-en lower case", metrics["bleu_lowercase"], "BLEU, lower-cased, beam 5", ">= 38",
            metrics["bleu_lowercase"] >= 38, peer=copy)
        row("de-en-cpu-minutes", round(minutes, 1), "CPU minutes", "<= 35", minutes <= 35)


if __name__ == "__main__":
    main()
