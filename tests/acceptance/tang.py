#!/usr/bin/env python3
"""Tang poems, a GPT on characters and one on BPE, which learns from the text and from a first one: bits per character of
the held-out file beside a Kneser-Ney 5-gram of the same tokens and of characters, CPU minutes of training, and couplets
that scan on the page of the run. One JSON row a line."""
import argparse
import json
import pathlib
import re
import sys
import tempfile

from _rows import compared, data_set, ingot, row, within

FORMS = ("char", "bpe")
SET = "lm-zh-tang-poetry"
RATIO, MINUTES = 0.90, 20
HAN = "[\u3400-\u9fff]"
COUPLET = re.compile(f"(?<!{HAN})(?:{HAN}{{5}}[，。？！；]{HAN}{{5}}|{HAN}{{7}}[，。？！；]{HAN}{{7}})[，。？！；]")


def trained(build, folder, *options):
    """Metrics, and CPU minutes of training, by the recipe of the folder's name."""
    ingot(build, "train", f"recipes/gpt/{folder.name}.toml", "--run-folder", folder, "--quiet", *options)
    minutes = json.loads((folder / "run.json").read_text())["train"]["cpu_s"] / 60
    metrics = ingot(build, "eval", folder, "--json")["metrics"]
    print(folder.name, metrics, f"{minutes:.1f} CPU minutes", file=sys.stderr)
    return metrics, minutes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--only", choices=FORMS)
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    of_characters = None  # bits of the 5-gram of characters
    with tempfile.TemporaryDirectory() as temporary:
        for form in FORMS:
            if arguments.only not in (None, form):
                continue
            if not data_set(SET):
                row(form, None, "", "", None, why=f"INGOT_DATA holds no {SET}")
                continue
            folder = pathlib.Path(temporary) / f"tang-{form}"
            metrics, minutes = trained(build, folder)
            if form == "bpe":  # the first teaches the second
                teacher, folder = folder, folder.with_name("tang-bpe-taught")
                metrics, more = trained(build, folder, "--set", f'model.distill.teacher="{teacher}"')
                minutes += more
            bits, n_gram = metrics["bits_per_char"], metrics["kneser_ney_bits_per_char"]
            of_characters = n_gram if form == "char" else of_characters
            compared(form, bits / n_gram, "of the 5-gram's bits per character", "<=", RATIO,
                     {"name": "Kneser-Ney 5-gram of the same tokens, bits per character", "value": n_gram},
                     bits_per_char=bits)
            if form == "bpe" and of_characters:
                compared("bpe-beside-characters", bits / of_characters, "of the 5-gram's bits per character", "<=", RATIO,
                         {"name": "Kneser-Ney 5-gram of characters, bits per character", "value": of_characters},
                         bits_per_char=bits)
            within(f"{form}-cpu-minutes", minutes, MINUTES)
            page = folder / "run.html"
            ingot(build, "report", folder, "--out", page)
            couplets = COUPLET.findall(page.read_text())
            scanning, held_out = metrics["scanning_lines"], metrics["held_out_scanning_lines"]
            row(f"{form}-couplets", scanning, "share of the lines written that scan",
                f">= {held_out:.2f}, the held-out poems' share, and couplets on the page",
                scanning >= held_out and len(couplets) > 0, peer={"name": "held-out poems", "value": held_out},
                copied=metrics["copied_lines"], couplets=couplets[:5])


if __name__ == "__main__":
    main()
