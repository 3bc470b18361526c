#!/usr/bin/env python3
"""CLIP on two kinds of pairs: Noto emoji and their names and keywords (recall at 10, both ways), and spoken digits and
pictures of digits drawn here (precision at 1, both ways), beside chance. One JSON row a line. --draw FOLDER only draws
the digits and writes their table."""
import argparse
import csv
import pathlib
import random
import re
import struct
import sys
import tempfile
import zlib

from _rows import compared, cpu_minutes, data_set, ingot

FONT = {  # 5 x 7
    0: "01110 10001 10011 10101 11001 10001 01110", 1: "00100 01100 00100 00100 00100 00100 01110",
    2: "01110 10001 00001 00010 00100 01000 11111", 3: "11111 00010 00100 00010 00001 10001 01110",
    4: "00010 00110 01010 10010 11111 00010 00010", 5: "11111 10000 11110 00001 00001 10001 01110",
    6: "00110 01000 10000 11110 10001 10001 01110", 7: "11111 00001 00010 00100 01000 01000 01000",
    8: "01110 10001 10001 01110 10001 10001 01110", 9: "01110 10001 10001 01111 00001 00010 01100"}
SIDE = 28


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
    before = cpu_minutes()
    ingot(build, "train", f"recipes/clip/{recipe}.toml", "--run-folder", folder, "--quiet", "--json", *settings)
    metrics = ingot(build, "eval", folder, "--split", "test", "--checkpoint", "latest", "--json")["metrics"]
    minutes = cpu_minutes() - before
    print(recipe, metrics, f"{minutes:.1f} CPU minutes", file=sys.stderr)
    return metrics, round(minutes, 1)


def report(name, metrics, minutes, key, unit, bar, most, chance):
    for way in ("image_to_text", "text_to_image", "image_to_sound", "sound_to_image"):
        if way in metrics:
            compared(f"{name}-{way.replace('_', '-')}", metrics[way][key], unit, ">=", bar,
                     {"name": "chance", "value": round(chance, 4)}, **metrics[way])
    compared(f"{name}-cpu-minutes", minutes, "CPU minutes", "<=", most)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--draw", type=pathlib.Path)
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    recordings = data_set("speech-fsdd-4-speakers/recordings")
    if arguments.draw:
        draw_digits(recordings, arguments.draw)
        return
    with tempfile.TemporaryDirectory() as temporary:
        temporary = pathlib.Path(temporary)
        if data_set("clip-noto-emoji"):
            metrics, minutes = train(build, "emoji", temporary / "emoji")
            report("emoji", metrics, minutes, "recall10", "recall@10", 0.40, 20, 10 / metrics["pairs"])
        else:
            compared("emoji", None, "recall@10", ">=", 0.4, why="INGOT_DATA holds no clip-noto-emoji")
        if recordings:
            digits = temporary / "digits"
            draw_digits(recordings, digits)
            metrics, minutes = train(build, "spoken-digits", temporary / "spoken", "--set",
                                     f'data.train="{digits}/pairs.csv:train"', "--set",
                                     f'data.test="{digits}/pairs.csv:test"')
            report("audio-image", metrics, minutes, "recall1", "precision@1", 0.90, 5, 0.1)
        else:
            compared("audio-image", None, "precision@1", ">=", 0.9,
                     why="INGOT_DATA holds no speech-fsdd-4-speakers")


if __name__ == "__main__":
    main()
