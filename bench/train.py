#!/usr/bin/env python3
"""Speed of training: CPU milliseconds of one step beside eager PyTorch in fp32 and bf16, and AdamW's bytes per second
beside what memory gives. One thread each, rounds interleaved, medians. Prints one JSON row a line."""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
COMMAND = "make bench ONLY=train"
PYTHON = "/usr/bin/python3"
BARS = {"gpt2": 0.65, "modern": 0.65, "muon": 0.65}
ROUNDS = 3


def row(name, value, unit, bar, holds, peer=None, **more):
    print(json.dumps({"name": "train/" + name, "value": value, "unit": unit, "bar": bar, "holds": holds, "peer": peer,
                      "command": COMMAND, **more}), flush=True)


def output(*command):
    return json.loads(subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    program = pathlib.Path(parser.parse_args().build).resolve() / "bench/train/train_step_bench"
    has_torch = subprocess.run([PYTHON, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode == 0
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as text:
        # Only the number of characters matters for speed: 65 of them, as in tinyshakespeare.
        text.write("".join(map(chr, range(32, 97))) * 400)
        text.flush()
        for form, bar in BARS.items():
            runs = {key: [] for key in ("bf16", "fp32", "reference", "torch-fp32", "torch-bf16")}
            for _ in range(ROUNDS):
                runs["bf16"].append(output(program, "step", form, "bf16", 30))
                runs["fp32"].append(output(program, "step", form, "fp32", 15))
                runs["reference"].append(output(program, "step", form, "fp32", 10, "reference"))
                if has_torch:
                    peer = (PYTHON, ROOT / "bench/peers/gpt_torch.py", "--form", form, "--text", text.name)
                    runs["torch-fp32"].append(output(*peer, "--steps", 15))
                    runs["torch-bf16"].append(output(*peer, "--steps", 15, "--bf16"))
            ms = {key: statistics.median(r["ms_per_step"] for r in rows) for key, rows in runs.items() if rows}
            best = min(runs["bf16"], key=lambda r: r["ms_per_step"])
            more = {"forward_ms": best["forward_ms"], "backward_ms": best["backward_ms"],
                    "optimizer_ms": best["optimizer_ms"], "gflops": best["gflops"], "fp32_ms": ms["fp32"],
                    "aten_fp32_ms": ms["reference"]}
            if not has_torch:
                row(f"step-{form}", ms["bf16"], "ms CPU", f"<= {bar} of PyTorch fp32", None, None,
                    why="python3-torch is not installed; tools/install_dependencies.sh peers", **more)
                continue
            more.update(torch_bf16_ms=ms["torch-bf16"], ratio=ms["bf16"] / ms["torch-fp32"],
                        ratio_to_torch_bf16=ms["bf16"] / ms["torch-bf16"], ratio_fp32=ms["fp32"] / ms["torch-fp32"])
            row(f"step-{form}", ms["bf16"], "ms CPU", f"<= {bar} of PyTorch fp32", more["ratio"] <= bar,
                {"name": "PyTorch eager fp32, ms CPU", "value": ms["torch-fp32"]}, **more)
    adamw = output(program, "adamw", 32)
    share = adamw["gb_per_s"] / adamw["ceiling_gb_per_s"]
    row("adamw", adamw["gb_per_s"], "GB/s", ">= 0.8 of reading and writing the same bytes", share >= 0.8,
        {"name": "in-place multiply of as many bytes, GB/s", "value": adamw["ceiling_gb_per_s"]}, share=share)


if __name__ == "__main__":
    main()
