#!/usr/bin/env python3
"""Every command answers --help with a summary and with examples of itself, whose first words exist."""
import re
import subprocess
import sys


def help_of(ingot, words):
    result = subprocess.run([ingot, *words, "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return result.returncode, result.stdout


def subcommands(text):
    listed = text.split("Subcommands:")[1] if "Subcommands:" in text else ""
    return [m[1] for m in re.finditer(r"^  ([a-z][a-z0-9_-]*)(?:\s|$)", listed.split("\n\n")[0], re.M)]


def main():
    ingot, problems, count = sys.argv[1], [], 0
    waiting = [[]]
    while waiting:
        words = waiting.pop()
        code, text = help_of(ingot, words)
        name = " ".join(["ingot", *words])
        count += 1
        if code != 0:
            problems.append(f"{name} --help: exit code {code}")
        if words and "Examples:" not in text:
            problems.append(f"{name} --help: no examples")
        if words and "Examples:" in text and not re.search(rf"^\s+(?:\S+=\S+ |\S.*\| )?{re.escape(name)}\b", text.split("Examples:")[1], re.M):
            problems.append(f"{name} --help: no example begins with '{name}'")
        waiting += [[*words, child] for child in subcommands(text)]
    print(*problems, f"{count} commands, {len(problems)} problems", sep="\n")
    return 1 if problems or count < 4 else 0


if __name__ == "__main__":
    sys.exit(main())
