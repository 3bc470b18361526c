#!/usr/bin/env python3
"""The three character GPTs on tinyshakespeare: loss over the whole validation part, and CPU time of training beside the
same training in eager fp32 PyTorch (bench/peers/gpt_torch.py), one thread each, interleaved; then LoRA on the modern form
after WikiText-2 (docs/lora.md). One JSON row a line."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from _rows import ROOT, compared, data_set, row

PYTHON = "/usr/bin/python3"  # Debian's, which sees python3-torch
# form, recipe, bar of the loss, PyTorch's loss with the same recipe in full
FORMS = (("gpt2", "recipes/gpt/shakespeare-char.toml", 1.92),
         ("modern", "recipes/gpt/shakespeare-modern.toml", 1.68),
         ("muon", "recipes/gpt/shakespeare-muon.toml", 1.61))
RATIO = 0.65
LORA = 1.90


def train(build, recipe, folder, *settings):
    """run.json of a finished run; evaluation happens once, at the end."""
    command = [str(build / "ingot"), "train", str(ROOT / recipe), "--run-folder", str(folder), "--quiet",
               "--set", "train.threads=1", "--set", "train.device=\"cpu\"", "--set", "train.eval_every=2000"]
    for setting in settings:
        command += ["--set", setting]
    subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)
    return json.loads((folder / "run.json").read_text())


def peer(form, text, steps):
    run = subprocess.run([PYTHON, str(ROOT / "bench/peers/gpt_torch.py"), "--form", form, "--text", str(text),
                          "--steps", str(steps)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/dev")
    build = pathlib.Path(parser.parse_args().build).resolve()
    text, wikitext = data_set("lm-tinyshakespeare/input.txt"), data_set("lm-wikitext2-valid-test/valid.txt")
    names = [f"shakespeare-{form}{suffix}" for form, _, _ in FORMS for suffix in ("", "-cpu-ratio")] + ["shakespeare-lora"]
    if not text:
        for name in names:
            row(name, None, "", "", None, why="INGOT_DATA holds no lm-tinyshakespeare/input.txt")
        return
    has_torch = subprocess.run([PYTHON, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode == 0
    with tempfile.TemporaryDirectory() as temporary:
        for form, recipe, bar in FORMS:
            # The peer before and after, so that a machine that slows down is seen on both sides.
            before = peer(form, text, 40) if has_torch else None
            record = train(build, recipe, pathlib.Path(temporary) / form)
            after = peer(form, text, 40) if has_torch else None
            loss = record["eval"]["validation"]["loss"]
            compared(f"shakespeare-{form}", loss, "nats per character", "<=", bar, precision=record["precision"])
            name = f"shakespeare-{form}-cpu-ratio"
            if not has_torch:
                compared(name, None, "of PyTorch fp32", "<=", RATIO,
                         why="python3-torch is not installed; tools/install_dependencies.sh peers")
                continue
            ours = 1e3 * record["train"]["cpu_s"] / record["train"]["steps"]
            theirs = (before["ms_per_step"] + after["ms_per_step"]) / 2
            compared(name, ours / theirs, "of PyTorch fp32", "<=", RATIO,
                     {"name": f"PyTorch {before['torch']} eager fp32, ms per step", "value": theirs}, ms_per_step=ours)
        if not wikitext:
            compared("shakespeare-lora", None, "nats per character", "<=", LORA,
                     why="INGOT_DATA holds no lm-wikitext2-valid-test/valid.txt")
            return
        base = pathlib.Path(temporary) / "wikitext"
        train(build, "recipes/gpt/shakespeare-modern.toml", base, f"data.text={wikitext}")
        record = train(build, "recipes/gpt/shakespeare-lora.toml", pathlib.Path(temporary) / "lora",
                       f"model.init_from={base}")
        loss = record["eval"]["validation"]["loss"]
        compared("shakespeare-lora", loss, "nats per character", "<=", LORA,
                 trained_parameters=record["model"]["trained_parameters"])


if __name__ == "__main__":
    main()
