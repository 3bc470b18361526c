#!/usr/bin/env python3
"""Finance bars: worked examples, a million random waterfalls, Open Cap Format packages against the public schemas, ruin
probabilities against quadrature, the same bytes for any number of threads, and wrong input that leaves nothing behind."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from _rows import ROOT, row

VALIDATE = """
import json, pathlib, sys, warnings
warnings.simplefilter("ignore")
import jsonschema
schemas = {}
for path in pathlib.Path(sys.argv[1]).rglob("*.schema.json"):
    schema = json.loads(path.read_text())
    schemas[schema["$id"]] = schema
kinds = {}
for identifier, schema in schemas.items():
    if "/files/" in identifier and "const" in schema["properties"]["file_type"]:
        kinds[schema["properties"]["file_type"]["const"]] = schema
bad = []
for path in sorted(pathlib.Path(sys.argv[2]).rglob("*.ocf.json")):
    document = json.loads(path.read_text())
    schema = kinds[document["file_type"]]
    resolver = jsonschema.RefResolver(base_uri=schema["$id"], referrer=schema, store=schemas)
    for error in jsonschema.Draft7Validator(schema, resolver=resolver).iter_errors(document):
        bad.append(f"{path.name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:160]}")
print(json.dumps(bad))
"""


def python_with(module):
    for python in (sys.executable, shutil.which("python3"), "/usr/bin/python3"):
        if python and subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0:
            return python
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    ingot, properties, tests = build / "ingot", build / "tests/plan/finance/finance_properties", build / "tests/plan/finance/finance_test"

    def run(*words, **options):
        return subprocess.run([str(w) for w in words], cwd=ROOT, capture_output=True, text=True, **options)

    # 1. Worked examples.
    out = run(tests, "--gtest_brief=1")
    failed = [line.split("]")[1].split("(")[0].strip() for line in out.stdout.splitlines() if line.startswith("[  FAILED  ]") and "ms)" in line]
    row("worked_examples", len(failed) if out.returncode in (0, 1) else None, "failing tests", "== 0", out.returncode == 0, failed=failed)

    # 2. Random waterfalls.
    result = json.loads(run(properties, "waterfalls", 1_000_000).stdout)
    row("random_waterfalls", result["violations"], f"violations in {result['cases']} structures", "== 0", result["violations"] == 0, first=result["first"])

    # 3. Ruin of a Brownian runway, monthly monitoring: quadrature, grid-halving stable to 1e-7.
    paths = 10_000_000
    ruin = json.loads(run(properties, "ruin", paths).stdout)
    exact = {"12": 0.005018, "18": 0.086274, "24": 0.294309, "30": 0.535173, "36": 0.726281}
    worst = max(abs(ruin[m] - p) / (p * (1 - p) / paths) ** 0.5 for m, p in exact.items())
    row("ruin_probability", worst, f"largest deviation in standard errors, 5 horizons, {paths} paths", "<= 2.58 (99%)", bool(worst <= 2.58))

    # Four moments of the normals; 4e10 draws, because the fourth alone has a standard error of 10 / sqrt(draws).
    m = json.loads(run(properties, "moments", 100_000_000).stdout)
    worst = max(abs(a - b) for a, b in zip(m["moments"], (0, 1, 0, 3)))
    row("normal_moments", worst, f"largest error of 4 moments, {m['count']:.0e} normals", "<= 1e-4", bool(worst <= 1e-4))

    mirror = os.environ.get("INGOT_DATA")
    fixture = pathlib.Path(mirror) / "fixture-ocf" if mirror else None
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # 4. OCF: valid exports, lossless samples.
        python = python_with("jsonschema")
        if not fixture or not fixture.is_dir():
            for name, unit in (("ocf_valid", "schema errors"), ("ocf_lossless", "files changed")):
                row(name, None, unit, "== 0", None, why="INGOT_DATA has no fixture-ocf")
        else:
            if python is None:
                row("ocf_valid", None, "schema errors", "== 0", None, why="no python with jsonschema; apt install python3-jsonschema")
            else:
                errors = []
                for company in ("seed", "series_b"):
                    run(ingot, "captable", "export", f"examples/{company}.toml", folder / company, check=True)
                    errors += json.loads(run(python, "-c", VALIDATE, fixture / "schema", folder / company, check=True).stdout)
                row("ocf_valid", len(errors), "schema errors in the exports of both examples", "== 0", not errors, errors=errors[:5])
            run(ingot, "captable", "import", fixture / "samples", folder / "samples.db", "--archive", check=True)
            run(ingot, "captable", "export", folder / "samples.db", folder / "samples", check=True)
            originals = sorted((fixture / "samples").glob("*.ocf.json"))
            changed = [p.name for p in originals if json.loads(p.read_text()) != json.loads((folder / "samples" / p.name).read_text())]
            row("ocf_lossless", len(changed), f"of {len(originals)} sample files changed by import and export", "== 0", not changed and len(originals) == 13)

        # 5. Same bytes for any number of threads.
        outputs = {run(ingot, "runway", "examples/series_b.toml", "--paths", 100_000, "--threads", n, "--json", check=True).stdout for n in (1, 2, 3)}
        row("same_bits", len(outputs), "different results over 1, 2 and 3 threads", "== 1", len(outputs) == 1)

        # 6. Wrong input: an error that names the place, and no file.
        seed = (ROOT / "examples/seed.toml").read_text()
        wrong = {
            "negative shares": (seed.replace("shares = 250_000", "shares = -5"), "grants[0].shares: got -5, expected > 0"),
            "over-issue": (seed.replace("authorized = 15_000_000", "authorized = 8_000_000"), "expected at most the 8000000 authorized"),
            "dangling name": (seed.replace('plan = "2025 Plan"', 'plan = "2024 Plan"'), "did you mean '2025 Plan'"),
            "percentage over 100": (seed.replace('percent = "7%"', 'percent = "107%"'), 'got "107%", expected a share between 0 and 1'),
            "unknown key": (seed.replace("mfn = true", "mnf = true"), "unknown key; did you mean 'mfn'"),
            "currency mismatch": (seed.replace("amount = 750_000", 'amount = "750000 EUR"'), "is in EUR, expected USD"),
        }
        missed = []
        for name, (text, expected) in wrong.items():
            path = folder / "wrong.toml"
            path.write_text(text)
            out = run(ingot, "captable", "init", path, folder / "wrong.db")
            if out.returncode != 2 or expected not in out.stderr or list(folder.glob("wrong.db*")):
                missed.append(f"{name}: exit {out.returncode}: {out.stderr.strip()[:200]}")
        flows = folder / "flows.toml"
        flows.write_text(seed.replace("[valuation.vc]", '[[valuation.flows]]\ndate = 2024-01-01\namount = 5\n[valuation.vc]'))
        out = run(ingot, "value", flows)
        if out.returncode != 2 or "never change sign" not in out.stderr:
            missed.append(f"IRR without sign change: exit {out.returncode}: {out.stderr.strip()[:200]}")
        row("wrong_input", len(missed), f"of {len(wrong) + 1} wrong inputs without a clear error", "== 0", not missed, missed=missed)

        # 7. Pages.
        made = []
        for command in (["captable", "show"], ["round"], ["waterfall"], ["value"], ["runway"], ["investors"]):
            for lang in ("en", "zh"):
                page = folder / f"{command[0]}-{lang}.html"
                out = run(ingot, *command, "examples/seed.toml", "--html", page, "--lang", lang)
                if out.returncode == 0 and page.exists() and "http-equiv" in page.read_text():
                    made.append(page.name)
        row("pages", len(made), "of 12 offline pages (6 commands, 2 languages)", "== 12", len(made) == 12)
    return 0


if __name__ == "__main__":
    sys.exit(main())
