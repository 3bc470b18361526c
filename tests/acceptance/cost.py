#!/usr/bin/env python3
"""Cost model against published runs: the figures that tests/plan/cost holds, read from the program itself."""
import argparse
import csv
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    program = pathlib.Path(parser.parse_args().build) / "ingot"
    cluster = ["--bases", "energy", "--mtbf-chip-hours", "0", "--set", "uncertainty.draws=1", "--json"]

    def train(*flags):
        done = subprocess.run([program, "cost", "train", *map(str, flags), *cluster], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)["figures"]

    def row(name, value, unit, limit, peer, command):
        print(json.dumps({"name": name, "value": value, "unit": unit, "bar": f"< {limit}", "holds": value < limit, "peer": peer,
                          "command": command}), flush=True)

    # 1. Megatron's step times, arXiv 2205.05198 table 5.
    errors = []
    for r in csv.DictReader(open(ROOT / "facts/megatron_step_times.csv")):
        name = {"gpt3-175B": "megatron-175b", "turing-530B": "megatron-530b"}.get(r["model"], r["model"].lower())
        for column, recompute, parallel in (("step_s_full_recompute", "full", "false"),
                                            ("step_s_sequence_parallel_selective_recompute", "selective", "true")):
            keys = {"sequence_parallel": parallel, "interleave": r["pipeline_interleave"], "attention": "standard", "dropout": "true",
                    "zero": "none"}
            sets = [flag for key, value in keys.items() for flag in ("--set", f"cluster.{key}={value}")]
            figures = train("--model", name, "--tokens", 1e12, "--global-batch", r["global_batch"], "--chip", "A100-80GB", "--chips",
                            r["chips"], "--tensor", r["tensor_par"], "--pipeline", r["pipeline_par"], "--microbatch", r["microbatch"],
                            "--recompute", recompute, *sets)
            errors.append(figures["step_s"]["value"] / float(r[column]) - 1)
            print(f"{name} {recompute}: {100 * errors[-1]:+.2f} %", file=sys.stderr)
    command = "ingot cost train --model megatron-22b --chip A100-80GB ... (8 rows of facts/megatron_step_times.csv)"
    row("cost/megatron_step_time_mean_error", 100 * sum(map(abs, errors)) / len(errors), "%", 3.65, {"name": "Calculon", "value": 3.65}, command)
    row("cost/megatron_step_time_max_error", 100 * max(map(abs, errors)), "%", 8.87, {"name": "Calculon", "value": 8.87}, command)

    # 2. LLaMA's GPU-hours, arXiv 2302.13971 table 15, efficiency predicted.
    errors = []
    for name, hours, tokens in (("llama-7b", 82432, 1e12), ("llama-13b", 135168, 1e12), ("llama-33b", 530432, 1.4e12), ("llama-65b", 1022362, 1.4e12)):
        figures = train("--model", name, "--tokens", tokens, "--chip", "A100-80GB", "--chips", 2048, "--pipeline", 1, "--global-batch", 2048,
                        "--set", "efficiency.kernels=eager", "--set", "efficiency.flash=0.33")
        errors.append(figures["chip_hours"]["value"] / hours - 1)
        print(f"{name}: {100 * errors[-1]:+.2f} %", file=sys.stderr)
    row("cost/llama_gpu_hours_mean_error", 100 * sum(map(abs, errors)) / 4, "%", 4.9, {"name": "llm-analysis", "value": 4.9},
        "ingot cost train --model llama-65b --tokens 1.4e12 --chip A100-80GB --chips 2048 --pipeline 1 --global-batch 2048 "
        "--set efficiency.kernels=eager --set efficiency.flash=0.33")


if __name__ == "__main__":
    main()
