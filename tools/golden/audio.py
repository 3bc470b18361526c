#!/usr/bin/python3
"""Writes tests/golden/audio.safetensors: what torchaudio's Resample and MelSpectrogram make of noise that
seed_formula.py gives. Needs Debian's python3-torchaudio.

  tools/golden/audio.py         # a second
"""
import torch
import torchaudio.transforms as T
import torchaudio

from seed_formula import by_formula, write_safetensors

if __name__ == "__main__":
    x = by_formula((1500,), 7)
    tensors = {}
    for old, new in ((16000, 8000), (8000, 16000), (22050, 16000), (7200, 8000)):
        tensors[f"resample.{old}.{new}"] = T.Resample(old, new)(x)
    kinds = {"htk": dict(sample_rate=8000, n_fft=256, win_length=200, hop_length=80, n_mels=40),
             "slaney": dict(sample_rate=16000, n_fft=512, win_length=400, hop_length=160, n_mels=64, f_min=60.0,
                            f_max=7600.0, mel_scale="slaney", norm="slaney")}
    for name, options in kinds.items():
        tensors["mel." + name] = T.MelSpectrogram(power=2.0, **options)(x).clamp_min(1e-10).log().t()
    write_safetensors("audio", tensors, f"tools/golden/audio.py, torchaudio {torchaudio.__version__}")
