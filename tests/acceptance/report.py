#!/usr/bin/env python3
"""Opens the gallery of blocks and the page of every finance command in Chromium: no console error, no outside request, every
chart drawn at both widths, both languages and themes, axe-core without serious findings (tests/web/report.mjs)."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

from _rows import ROOT, row
from _web import node_modules

FINANCE = (["captable", "show"], ["round"], ["waterfall"], ["value"], ["investors"],
           ["runway", "--paths", "4096", "--sensitivity", "--optimise"])
FINDINGS = {"errors": "console errors", "requests": "outside requests", "empty": "charts not drawn",
            "overflow": "views wider than the screen", "axe": "serious axe-core findings",
            "not_numbers": "views with NaN, null or undefined"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("pages", nargs="*", help="more pages or report documents to open")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    if not shutil.which("npm") or not shutil.which(os.environ.get("CHROMIUM", "chromium")):
        row("pages", None, "", "no findings", None, why="needs npm and chromium")
        return 0
    work = build.parent / "web-test"
    node_modules(work)
    shutil.copy(ROOT / "tests/web/report.mjs", work)
    groups = {}  # page -> the name of its rows
    for document in [ROOT / "tests/web/gallery.json", *map(pathlib.Path, arguments.pages)]:
        page = work / (document.stem + ".html")
        if document.suffix == ".html":
            shutil.copy(document, page)
        else:
            subprocess.run([build / "ingot", "report", document, "--out", page], check=True, stdout=sys.stderr)
        groups[page] = document.stem
    for company in ("seed", "series_b"):
        for command in FINANCE:
            if (company, command[0]) == ("series_b", "investors"):
                continue  # it has no such section
            page = work / f"{company}-{command[0]}.html"
            subprocess.run([build / "ingot", *command, f"examples/{company}.toml", "--html", page], cwd=ROOT, check=True,
                           stdout=subprocess.DEVNULL)
            groups[page] = "finance"
    result = subprocess.run(["node", "report.mjs", work / "screenshots", *groups], cwd=work, stdout=subprocess.PIPE, text=True, check=True)
    total = {}
    for line in result.stdout.splitlines():
        found = json.loads(line)
        page = pathlib.Path(found["page"])
        print(f"{page.stem}: {found['charts']} charts in {found['views']} views, {found['bytes']} bytes", file=sys.stderr)
        sums = total.setdefault(groups[page], dict.fromkeys(FINDINGS, 0))
        for key in FINDINGS:
            listed = found[key] if isinstance(found[key], list) else [found[key]] * bool(found[key])
            for item in listed:
                print(f"{page.stem}: {key}: {item}", file=sys.stderr)
            sums[key] += len(listed)
    for group, sums in total.items():
        for key, what in FINDINGS.items():
            row(f"{group}_{key}", sums[key], what, "== 0", not sums[key])
    return 0


if __name__ == "__main__":
    sys.exit(main())
