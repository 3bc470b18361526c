#!/usr/bin/env python3
"""Tang poems, a GPT on characters and one on BPE: bits per character of the held-out file beside a Kneser-Ney 5-gram of
the same tokens, CPU minutes of training, and couplets that scan on the page of the run. One JSON row a line."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "make acceptance ONLY=tang"
FORMS = ("char", "bpe")
SET = "lm-zh-tang-poetry"
RATIO, MINUTES = 0.90, 20
HAN = "[\u3400-\u9fff]"
COUPLET = re.compile(f"(?<!{HAN})(?:{HAN}{{5}}[，。？！；]{HAN}{{5}}|{HAN}{{7}}[，。？！；]{HAN}{{7}})[，。？！；]")


def row(name, value, unit, bar, holds, **more):
    print(json.dumps({"name": "tang/" + name, "value": value, "unit": unit, "bar": bar, "holds": holds,
                      "peer": more.pop("peer", None), "command": COMMAND, **more}, ensure_ascii=False), flush=True)


def ingot(build, *arguments):
    out = subprocess.run([str(build / "ingot"), *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE,
                         text=True).stdout
    return json.loads(out) if "--json" in arguments else out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--only", choices=FORMS)
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    mirror = os.environ.get("INGOT_DATA")
    of_characters = None  # bits of the 5-gram of characters
    with tempfile.TemporaryDirectory() as temporary:
        for form in FORMS:
            if arguments.only not in (None, form):
                continue
            if not mirror or not (pathlib.Path(mirror) / SET).is_dir():
                row(form, None, "", "", None, why=f"INGOT_DATA holds no {SET}")
                continue
            folder = pathlib.Path(temporary) / form
            ingot(build, "train", f"recipes/gpt/tang-{form}.toml", "--run-folder", folder, "--quiet")
            minutes = json.loads((folder / "run.json").read_text())["train"]["cpu_s"] / 60
            metrics = ingot(build, "eval", folder, "--json")["metrics"]
            print(form, metrics, file=sys.stderr)
            bits, n_gram = metrics["bits_per_char"], metrics["kneser_ney_bits_per_char"]
            of_characters = n_gram if form == "char" else of_characters
            row(form, bits / n_gram, "of the 5-gram's bits per character", f"<= {RATIO}", bits / n_gram <= RATIO,
                bits_per_char=bits,
                peer={"name": "Kneser-Ney 5-gram of the same tokens, bits per character", "value": n_gram})
            if form == "bpe" and of_characters:
                row("bpe-beside-characters", bits / of_characters, "of the 5-gram's bits per character", f"<= {RATIO}",
                    bits / of_characters <= RATIO, bits_per_char=bits,
                    peer={"name": "Kneser-Ney 5-gram of characters, bits per character", "value": of_characters})
            row(f"{form}-cpu-minutes", round(minutes, 1), "CPU minutes", f"<= {MINUTES}", minutes <= MINUTES)
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
