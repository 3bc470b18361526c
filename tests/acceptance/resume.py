#!/usr/bin/env python3
"""A run killed with SIGKILL at random moments ends in the bytes of the uninterrupted one."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RECIPES = {"embedding_classifier": ("recipes/embedding_classifier/sst2.toml", ["train.epochs=4"]),
           "gpt": ("recipes/gpt/tiny.toml", ["checkpoint.every=20"])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = pathlib.Path(parser.parse_args().build).resolve()
    for name, (recipe, overrides) in RECIPES.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [str(build / "ingot"), "verify-resume", str(ROOT / recipe), "--kills", "5", "--seed", "1", "--json",
                       "--folder", str(pathlib.Path(folder) / "runs")]
            for item in overrides:
                command += ["--set", item]
            print(" ".join(command), file=sys.stderr)
            run = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            row = {"name": f"resume/{name}: kills after which the bytes are those of the whole run", "value": None,
                   "unit": "kills", "bar": ">= 1, all files identical", "holds": None, "peer": "uninterrupted run",
                   "command": f"ingot verify-resume {recipe} --kills 5"}
            try:
                result = json.loads(run.stdout)
                row["value"] = len(result["kills"])
                row["holds"] = bool(result["identical"] and result["kills"])
            except ValueError:
                row["why"] = f"ingot verify-resume ended with exit code {run.returncode}"
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
