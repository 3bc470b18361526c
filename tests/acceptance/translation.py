#!/usr/bin/env python3
"""German into English on Multi30k: BLEU of test2016 with beam 5, beside copying the source. One JSON row a line."""
import argparse
import pathlib
import sys
import tempfile

from _rows import compared, cpu_minutes, data_set, ingot, within


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    if not data_set("nmt-multi30k-en-de"):
        compared("de-en", None, "BLEU", ">=", 36, why="INGOT_DATA holds no nmt-multi30k-en-de")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "de-en"
        ingot(build, "train", "recipes/seq2seq/multi30k-de-en.toml", "--run-folder", folder, "--quiet", "--json")
        metrics = ingot(build, "eval", folder, "--split", "test", "--json")["metrics"]
    minutes = cpu_minutes()
    print(metrics, f"{minutes:.1f} CPU minutes", file=sys.stderr)
    copy = {"name": "the source as it is", "value": metrics["copy_bleu"]}
    compared("de-en", metrics["bleu"], "BLEU, cased, detokenised, beam 5", ">=", 36, copy, chrf=metrics["chrf"])
    compared("de-en lower case", metrics["bleu_lowercase"], "BLEU, lower-cased, beam 5", ">=", 38, copy)
    within("de-en-cpu-minutes", minutes, 35)


if __name__ == "__main__":
    main()
