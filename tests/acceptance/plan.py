#!/usr/bin/env python3
"""Plan bars: the loop's own tests, the same bytes for any threads, shards and MPI ranks, the same page twice, wrong input,
and both examples' pages in Chromium in both languages and themes."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from _rows import ROOT, row
from _web import node_modules

EXAMPLES = ("venture_open_weights", "venture_vertical")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    ingot, tests = build / "ingot", build / "tests/plan/venture/venture_test"

    def run(*words, **options):
        return subprocess.run([str(w) for w in words], cwd=ROOT, capture_output=True, text=True, **options)

    # 1. Conservation of cash, monotone survival, equilibria against the market solver, directions of every war-game.
    out = run(tests, "--gtest_brief=1")
    failed = [line for line in out.stdout.splitlines() if line.startswith("[  FAILED  ]")]
    row("loop_tests", len(failed), "failing tests of the loop", "== 0", out.returncode == 0, failed=failed)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        plan = "examples/venture_vertical.toml"
        common = [ingot, "plan", plan, "--paths", 20_000, "--json"]

        # 2. The same bytes however the paths are split.
        whole = run(*common, "--threads", 1, check=True).stdout
        results = {whole, run(*common, "--threads", 2, check=True).stdout, run(*common, "--threads", 3, check=True).stdout}
        row("same_bits_threads", len(results), "different results over 1, 2 and 3 threads", "== 1", len(results) == 1)
        parts = folder / "parts"
        for shard in range(3):
            run(ingot, "plan", plan, "--paths", 20_000, "--shard", f"{shard}/3", "--parts", parts, check=True)
        merged = run(*common, "--merge", "--parts", parts, check=True).stdout
        row("same_bits_shards", int(merged != whole), "bytes differ between 3 shards and one process", "== 0", merged == whole)
        if shutil.which("mpirun"):
            command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "4", *common, "--threads", 1, "--parts", folder / "ranks"]
            out = run(*command)
            row("same_bits_mpi", int(out.stdout != whole), "bytes differ between 4 MPI ranks and one process", "== 0",
                out.returncode == 0 and out.stdout == whole, **({} if out.returncode == 0 else {"error": out.stderr[-300:]}))
        else:
            row("same_bits_mpi", None, "bytes differ between 4 MPI ranks and one process", "== 0", None, why="no mpirun; apt install openmpi-bin")
        (parts / "written-1-of-3.part").write_bytes((parts / "written-1-of-3.part").read_bytes()[:-8])
        out = run(*common, "--merge", "--parts", parts)
        row("cut_part_refused", out.returncode, "exit code for a part that was cut short", "== 2", out.returncode == 2 and "damaged" in out.stderr)

        # 3. Numbers only, probabilities in range, survival never rises.
        result = json.loads(whole)
        months = result["recommended"]["months"]
        bad = sum(not 0 <= m["lead"] <= m["alive"] <= 1 for m in months) + sum(b["alive"] > a["alive"] for a, b in zip(months, months[1:]))
        row("probabilities", bad, "months with impossible probabilities", "== 0", bad == 0 and "NaN" not in whole and "null" not in whole)

        # 4. Wrong input: an error that names the place, and no page.
        good = (ROOT / plan).read_text()
        (folder / "run").mkdir()
        (folder / "run/run.json").write_text('{"status": "failed", "model": {"parameters": 1000}, "train": {"tokens": 10}}')
        for name in ("series_b.toml", "serve_70b.toml"):
            shutil.copy(ROOT / "examples" / name, folder)
        wrong = {
            "a rival with no cost": (good.replace("price = 52\nshare = 0.035", "price = 52\nshare = 0.035\ncost = 0"), "expected > 0"),
            "shares over 1": (good.replace("share = 0.14", "share = 0.94"), "shares sum to"),
            "a demand that explodes": (good.replace("rate = 0.6", "rate = 50"), "the demand explodes"),
            "an upward demand curve": (good.replace("elasticity = -2.6", "elasticity = 2.6"), "expected < 0"),
            "a failed run": (good.replace('[[roadmap]]\nname = "Tidewater-70B v2"', '[[roadmap]]\nname = "broken"\nrun = "run"\n[[roadmap]]\nname = "Tidewater-70B v2"', 1),
                             "has status failed, expected a finished run"),
            "an unknown key": (good.replace("half_life = 24", "half_live = 24"), "unknown key; did you mean 'half_life'"),
            "an unknown firm": (good.replace('us = "Tidewater"', 'us = "Tidewatr"'), "did you mean 'Tidewater'"),
            "another currency": (good.replace("cash = 9_000_000", 'cash = "9000000 EUR"'), "EUR"),
        }
        missed = []
        for name, (text, expected) in wrong.items():
            path, page = folder / "wrong.toml", folder / "wrong.html"
            path.write_text(text)
            out = run(ingot, "plan", path, "--paths", 64, "--html", page)
            if out.returncode != 2 or expected not in out.stderr or page.exists():
                missed.append(f"{name}: exit {out.returncode}: {out.stderr.strip()[:300]}")
        row("wrong_input", len(missed), f"of {len(wrong)} wrong inputs without a clear error", "== 0", not missed, missed=missed)

        # 5. Pages: the same bytes twice; in a browser without findings.
        pages = []
        for name in EXAMPLES:
            page, again = folder / f"{name}.html", folder / "again.html"
            for target in (page, again):
                run(ingot, "plan", f"examples/{name}.toml", "--paths", 4000, "--sweep", "--html", target, check=True)
            row(f"{name}_same_page", int(page.read_bytes() != again.read_bytes()), "pages of the same input that differ", "== 0", page.read_bytes() == again.read_bytes())
            pages.append(page)
        if not shutil.which("npm") or not shutil.which(os.environ.get("CHROMIUM", "chromium")):
            row("pages", None, "", "no findings", None, why="needs npm and chromium")
            return 0
        work = build.parent / "web-test"
        node_modules(work)
        shutil.copy(ROOT / "tests/web/report.mjs", work)
        out = subprocess.run(["node", "report.mjs", work / "screenshots", *pages], cwd=work, stdout=subprocess.PIPE, text=True, check=True)
        for line in out.stdout.splitlines():
            found = json.loads(line)
            name = pathlib.Path(found["page"]).stem
            findings = [f"{key}: {item}" for key in ("errors", "requests", "empty", "overflow", "axe") for item in found[key]]
            for finding in findings:
                print(f"{name}: {finding}"[:400], file=sys.stderr)
            total = len(findings) + found["not_numbers"]
            row(f"{name}_page", total, f"findings on {found['charts']} charts in {found['views']} views: console errors, requests, charts not drawn, overflow, axe-core, NaN", "== 0",
                total == 0 and found["charts"] >= 10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
