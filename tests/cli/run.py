#!/usr/bin/env python3
"""Runs one .test file against the ingot program.

    # a comment
    $ ingot tokenizer info nothing.json          a shell command in an empty folder that all commands of the file share
    exit 3                                       its exit code; 0 when left out
    nothing.json does not exist                  every other line must be found in stdout and stderr together;
    /step [0-9]+/                                between slashes it is a regular expression
    ! Traceback                                  must not be found
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(path):
    block = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("# "):
            continue
        if line.startswith("$ "):
            if block:
                yield block
            block = {"command": line[2:], "line": number, "exit": 0, "expect": []}
        elif line.startswith("exit "):
            block["exit"] = int(line[5:])
        else:
            block["expect"].append(line)
    if block:
        yield block


def found(expected, text):
    if len(expected) > 2 and expected[0] == expected[-1] == "/":
        return re.search(expected[1:-1], text) is not None
    return expected in text


def main():
    ingot, path = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    source = pathlib.Path(__file__).resolve().parent.parent.parent
    failures = count = 0
    with tempfile.TemporaryDirectory(prefix="ingot-cli-") as folder:
        environment = {**os.environ, "PATH": f"{ingot.parent}:{os.environ['PATH']}", "HOME": folder, "INGOT_HOME": folder + "/home",
                       "SOURCE": str(source), "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
        for block in blocks(path):
            count += 1
            result = subprocess.run(["bash", "-c", block["command"]], cwd=folder, env=environment, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120, stdin=subprocess.DEVNULL)
            problems = []
            if result.returncode != block["exit"]:
                problems.append(f"exit code {result.returncode}, expected {block['exit']}")
            for expected in block["expect"]:
                if expected.startswith("! "):
                    if found(expected[2:], result.stdout):
                        problems.append(f"found: {expected[2:]}")
                elif not found(expected, result.stdout):
                    problems.append(f"not found: {expected}")
            if problems:
                failures += 1
                print(f"{path}:{block['line']}: {block['command']}", *problems, "output:", result.stdout, sep="\n  ")
    print(f"{count - failures} passed, {failures} failed")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
