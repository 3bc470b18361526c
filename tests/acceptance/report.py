#!/usr/bin/env python3
"""Opens reports in Chromium: no console error, no outside request, every chart drawn at both widths, both languages and
themes, axe-core without serious findings (tests/web/report.mjs)."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

from _web import ROOT, node_modules

COMMAND = "make acceptance ONLY=report"


def row(name, value, unit, bar, holds, **more):
    print(json.dumps({"name": f"report/{name}", "value": value, "unit": unit, "bar": bar, "holds": holds, "peer": None,
                      "command": COMMAND, **more}), flush=True)


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
    pages = []
    documents = [ROOT / "tests/web/gallery.json", *map(pathlib.Path, arguments.pages)]
    for document in documents:
        page = work / (document.stem + ".html")
        if document.suffix == ".html":
            shutil.copy(document, page)
        else:
            subprocess.run([build / "ingot", "report", document, "--out", page], check=True, stdout=sys.stderr)
        pages.append(page)
    result = subprocess.run(["node", "report.mjs", work / "screenshots", *pages], cwd=work, stdout=subprocess.PIPE, text=True, check=True)
    for line in result.stdout.splitlines():
        found = json.loads(line)
        name = pathlib.Path(found["page"]).stem
        print(f"{name}: {found['charts']} charts in {found['views']} views, {found['bytes']} bytes", file=sys.stderr)
        for key in ("errors", "requests", "empty", "overflow", "axe"):
            for item in found[key]:
                print(f"{name}: {key}: {item}", file=sys.stderr)
        for key, what in (("errors", "console errors"), ("requests", "outside requests"), ("empty", "charts not drawn"),
                          ("overflow", "views wider than the screen"), ("axe", "serious axe-core findings")):
            row(f"{name}_{key}", len(found[key]), what, "== 0", not found[key])
        row(f"{name}_not_numbers", found["not_numbers"], "NaN, null or undefined on the page", "== 0", found["not_numbers"] == 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
