#!/usr/bin/env python3
"""CLIP on two kinds of pairs: Noto emoji and their names and keywords (recall at 10, both ways), and spoken digits and
pictures of digits drawn here (precision at 1, both ways), beside chance. One JSON row a line. --draw FOLDER only draws
the digits and writes their table."""
import argparse
import csv
import json
import os
import pathlib
import random
import re
import resource
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "make acceptance ONLY=clip"
FONT = {  # 5 x 7
    0: "01110 10001 10011 10101 11001 10001 01110", 1: "00100 01100 00100 00100 00100 00100 01110",
    2: "01110 10001 00001 00010 00100 01000 11111", 3: "11111 00010 00100 00010 00001 10001 01110",
    4: "00010 00110 01010 10010 11111 00010 00010", 5: "11111 10000 11110 00001 00001 10001 01110",
    6: "00110 01000 10000 11110 10001 10001 01110", 7: "11111 00001 00010 00100 01000 01000 01000",
    8: "01110 10001 10001 01110 10001 10001 01110", 9: "01110 10001 10001 01111 00001 00010 01100"}
SIDE = 28


def row(name, value, unit, bar, holds, chance=None, **more):
    peer = None if chance is None else {"name": "chance", "value": round(chance, 4)}
    print(json.dumps({"name": "clip/" + name, "value": value, "unit": unit, "bar": bar, "holds": holds, "peer": peer,
                      "command": COMMAND, **more}), flush=True)


def run(build, *arguments):
    out = subprocess.run([str(build / "ingot"), *map(str, arguments)], check=True, cwd=ROOT, stdout=subprocess.PIPE,
                         text=True).stdout
    return json.loads(out)


def draw(digit, rng):
    """Grey rows of one digit: random size, place, slant, brightness and noise."""
    glyph = FONT[digit].split()
    scale, aspect, slant = rng.uniform(2.2, 3.4), rng.uniform(0.8, 1.25), rng.uniform(-0.25, 0.25)
    ink, paper, noise = rng.uniform(150, 255), rng.uniform(0, 70), rng.uniform(2, 25)
    left, top = rng.uniform(0.5, 1) * (SIDE - 5 * scale * aspect) / 1.5, rng.uniform(0.2, 0.8) * (SIDE - 7 * scale)
    rows = []
    for y in range(SIDE):
        line = bytearray()
        for x in range(SIDE):
            v = int((y - top) // scale)
            u = int((x - left + slant * (y - SIDE / 2)) // (scale * aspect))
            on = 0 <= v < 7 and 0 <= u < 5 and glyph[v][u] == "1"
            line.append(max(0, min(255, round((ink if on else paper) + rng.gauss(0, noise)))))
        rows.append(bytes(line))
    return rows


def write_png(path, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    pixels = zlib.compress(b"".join(b"\0" + line for line in rows))
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def draw_digits(recordings, folder):
    """One drawn digit for each recording, and pairs.csv; clips 0 to 4 of a speaker are the test, as published."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(0)
    with open(folder / "pairs.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["image", "sound", "digit", "split"])
        for sound in sorted(recordings.glob("*.wav")):
            digit, _, index = re.fullmatch(r"(\d)_(\w+)_(\d+)", sound.stem).groups()
            write_png(folder / f"{sound.stem}.png", draw(int(digit), rng))
            table.writerow([f"{sound.stem}.png", sound.name, digit, "test" if int(index) < 5 else "train"])


def train(build, recipe, folder, *settings):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(build, "train", f"recipes/clip/{recipe}.toml", "--run-folder", folder, "--quiet", "--json", *settings)
    metrics = run(build, "eval", folder, "--split", "test", "--checkpoint", "latest", "--json")["metrics"]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60
    print(recipe, metrics, f"{minutes:.1f} CPU minutes", file=sys.stderr)
    return metrics, round(minutes, 1)


def report(name, metrics, minutes, key, unit, bar, most, chance):
    for way in ("image_to_text", "text_to_image", "image_to_sound", "sound_to_image"):
        if way in metrics:
            value = metrics[way][key]
            row(f"{name}-{way.replace('_', '-')}", value, unit, f">= {bar}", value >= bar, chance, **metrics[way])
    row(f"{name}-cpu-minutes", minutes, "CPU minutes", f"<= {most}", minutes <= most)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--draw", type=pathlib.Path)
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    mirror = pathlib.Path(os.environ.get("INGOT_DATA", "/nonexistent"))
    recordings = mirror / "speech-fsdd-4-speakers/recordings"
    if arguments.draw:
        draw_digits(recordings, arguments.draw)
        return
    with tempfile.TemporaryDirectory() as temporary:
        temporary = pathlib.Path(temporary)
        if (mirror / "clip-noto-emoji").is_dir():
            metrics, minutes = train(build, "emoji", temporary / "emoji")
            report("emoji", metrics, minutes, "recall10", "recall@10", 0.40, 20, 10 / metrics["pairs"])
        else:
            row("emoji", None, "recall@10", ">= 0.4", None, why="INGOT_DATA holds no clip-noto-emoji")
        if recordings.is_dir():
            digits = temporary / "digits"
            draw_digits(recordings, digits)
            metrics, minutes = train(build, "spoken-digits", temporary / "spoken", "--set",
                                     f'data.train="{digits}/pairs.csv:train"', "--set",
                                     f'data.test="{digits}/pairs.csv:test"')
            report("audio-image", metrics, minutes, "recall1", "precision@1", 0.90, 5, 0.1)
        else:
            row("audio-image", None, "precision@1", ">= 0.9", None, why="INGOT_DATA holds no speech-fsdd-4-speakers")


if __name__ == "__main__":
    main()
