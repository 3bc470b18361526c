#!/usr/bin/env python3
"""Fails on an include that points up or sideways in the dependency list, and on torch where it must not be."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "src/ingot"

# folder -> folders it may include (itself is always allowed). Longest folder name wins.
PLAIN = {"base"}
TORCH = PLAIN | {"formats", "data", "torch"}
ALLOWED = {
    "base": set(),
    "formats": PLAIN,
    "data": PLAIN | {"formats"},
    "plan/cost": PLAIN,
    "plan/montecarlo": PLAIN,
    "plan/report": PLAIN,
    "plan/finance": PLAIN | {"plan/cost", "plan/montecarlo", "plan/report"},
    "plan/market": PLAIN | {"plan/cost", "plan/montecarlo", "plan/report"},
    "plan/venture": PLAIN | {"plan/cost", "plan/montecarlo", "plan/report", "plan/finance", "plan/market"},
    "torch": PLAIN | {"formats"},
    "nn": TORCH,
    "tasks": TORCH | {"nn"},
    "models": TORCH | {"nn", "tasks"},
    "engine": TORCH | {"nn", "tasks", "models", "plan/cost"},
    "interop": TORCH | {"nn", "tasks", "models"},
    "serve": TORCH | {"nn", "tasks", "models", "interop"},
    "server": PLAIN | {"formats", "data", "serve", "engine", "plan/cost"},
    "cli": {"*"},
    "main.cpp": {"base", "cli"},
}
# Folders that see no torch header.
NO_TORCH = {"base", "formats", "data", "plan", "server", "cli"}


def folder_of(path):
    for depth in (2, 1):
        name = "/".join(path.split("/")[:depth])
        if name in ALLOWED:
            return name
    return None


def main():
    problems = []
    for file in sorted(ROOT.rglob("*")):
        if file.suffix not in (".h", ".cpp", ".inc"):
            continue
        name = str(file.relative_to(ROOT))
        folder = folder_of(name)
        if folder is None:
            problems.append(f"{name}: folder is not in the dependency list of tools/check_includes.py")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*(?:"ingot/([^"]+)"|<((?:torch|ATen|c10)/[^>]+)>)', line)
            if not found:
                continue
            if found[2]:
                if name.split("/")[0] in NO_TORCH:
                    problems.append(f"src/ingot/{name}:{number}: includes <{found[2]}>, but {folder} is torch-free")
                continue
            target = folder_of(found[1])
            if target != folder and target not in ALLOWED[folder] and "*" not in ALLOWED[folder]:
                problems.append(f"src/ingot/{name}:{number}: {folder} may not include {target}")
    print("\n".join(problems) if problems else "includes point down")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
