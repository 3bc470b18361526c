#!/usr/bin/env python3
"""Runs the long bars and writes build/<kind>.json.

Each module is a script that prints one JSON object a line on stdout: {"name","value","unit","bar","holds","peer","command"}.
"bar" is text such as "<= 1.92"; "holds" is true, false, or null when the row cannot run here (then "why" says so).
Modules: acceptance -> tests/acceptance/*.py, bench -> bench/*.py, torture -> tests/torture/*.py.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = {"acceptance": "tests/acceptance", "bench": "bench", "torture": "tests/torture"}
FIELDS = ("name", "value", "unit", "bar", "holds", "peer", "command")


def run_module(path, build):
    """Rows of one module; a module that dies is itself a failing row."""
    rows = []
    process = subprocess.Popen([sys.executable, str(path), "--build", str(build)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    for line in process.stdout:
        line = line.strip()
        if not line.startswith("{"):
            if line:
                print(line, file=sys.stderr)
            continue
        row = json.loads(line)
        missing = [field for field in FIELDS if field not in row]
        if missing:
            raise SystemExit(f"bars: {path.name}: row {row.get('name')} lacks {', '.join(missing)}")
        rows.append(row)
        mark = {True: "holds", False: "FAILS", None: "not run"}[row["holds"]]
        print(f"  {mark:8} {row['name']}: {row['value']} {row['unit']} (bar {row['bar']})", file=sys.stderr, flush=True)
    if process.wait() != 0 or not rows:
        rows.append({"name": f"{path.stem}/module", "value": process.returncode, "unit": "exit code", "bar": "== 0 and rows",
                     "holds": False, "peer": None, "command": f"python3 {path.relative_to(ROOT)} --build {build}"})
    return rows


def table(rows):
    def text(value):
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    cells = [("name", "value", "unit", "bar", "holds", "peer")]
    for row in rows:
        holds = {True: "yes", False: "NO", None: "not run: " + str(row.get("why", ""))}[row["holds"]]
        peer = row["peer"]
        peer = f"{peer['name']} {text(peer['value'])}" if isinstance(peer, dict) else (peer or "-")
        cells.append((row["name"], text(row["value"]), row["unit"] or "", row["bar"] or "", holds, str(peer)))
    widths = [max(len(str(line[column])) for line in cells) for column in range(6)]
    return "\n".join("  ".join(str(cell).ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=FOLDERS)
    parser.add_argument("--build", default="build/dev", help="build folder with the ingot program")
    parser.add_argument("--only", default="", help="comma-separated module names, as in gpt,classifier")
    arguments = parser.parse_args()
    modules = sorted(path for path in (ROOT / FOLDERS[arguments.kind]).glob("*.py") if not path.name.startswith("_"))
    only = [name for name in arguments.only.split(",") if name]
    unknown = [name for name in only if name not in [path.stem for path in modules]]
    if unknown:
        raise SystemExit(f"bars: unknown module {', '.join(unknown)}; there are: {', '.join(path.stem for path in modules)}")
    rows = []
    for path in modules:
        if only and path.stem not in only:
            continue
        started = time.monotonic()
        print(f"{path.stem}:", file=sys.stderr, flush=True)
        rows += run_module(path, (ROOT / arguments.build).resolve())
        print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr)
    output = ROOT / "build" / f"{arguments.kind}.json"
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows))
    held = sum(row["holds"] is True for row in rows)
    failed = sum(row["holds"] is False for row in rows)
    print(f"\n{held} hold, {failed} fail, {len(rows) - held - failed} not run; written to {output.relative_to(ROOT)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
