#!/usr/bin/env python3
"""Runs the commands in docs/*.md and compares what they print.

A fenced block that opens with ```console holds commands (`$ ingot ...`) and their output. `$ ` may also set up files with
plain shell. All blocks of a page run in one temporary folder, in order, with the repository's examples/ in it. In expected
output, `...` inside a line matches any text, and a line that is only `...` matches any number of lines. Blocks opened with
```console torch are skipped by a build without LibTorch. --update writes the real output into the pages instead (lines with
`...` are lost: put them back).
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```console( torch)?\n(.*?)^```$", re.M | re.S)


def commands(block):
    """[(command, expected lines)] of one block; a trailing backslash continues a command."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1][0] += "\n" + line
        elif found:
            found[-1][1].append(line)
    return found


def matches(expected, actual):
    if not expected:
        return not actual
    if expected[0].strip() == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    if not actual:
        return False
    pattern = ".*".join(re.escape(part) for part in expected[0].rstrip().split("..."))
    return re.fullmatch(pattern, actual[0].rstrip()) is not None and matches(expected[1:], actual[1:])


def run(command, folder, program):
    environment = dict(os.environ, PATH=f"{program.parent}:{os.environ['PATH']}", COLUMNS="200", NO_COLOR="1",
                       INGOT_HOME=str(pathlib.Path(folder) / ".ingot"))
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    return done.stdout.splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the built ingot")
    parser.add_argument("--update", action="store_true", help="write the real output into the pages")
    parser.add_argument("pages", nargs="*", type=pathlib.Path, help="default: docs/*.md")
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    with_torch = " train " in subprocess.run([program, "--help"], text=True, capture_output=True, check=True).stdout
    failures = count = 0
    for page in arguments.pages or sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text()
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(ROOT / "examples", pathlib.Path(folder) / "examples")
            for block in BLOCK.finditer(text):
                if block[1] and not with_torch:
                    continue
                renewed = []
                for command, expected in commands(block[2]):
                    actual = run(command, folder, program)
                    count += 1
                    renewed += ["$ " + command, *actual]
                    while expected and not expected[-1]:
                        expected.pop()
                    while actual and not actual[-1]:
                        actual.pop()
                    if not arguments.update and not matches(expected, actual):
                        failures += 1
                        print(f"{page.name}: $ {command}\n  expected:", *expected, "  actual:", *actual, sep="\n    ")
                if arguments.update:
                    text = text.replace(block[0], f"```console{block[1] or ''}\n" + "\n".join(renewed) + "\n```")
        if arguments.update:
            page.write_text(text)
    print(f"{count} commands, {failures} differ")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
