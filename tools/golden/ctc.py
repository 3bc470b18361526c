#!/usr/bin/python3
"""Writes tests/golden/ctc.safetensors: what torch's Conv2d, GRU (padded and packed), MultiheadAttention-free Conformer
arithmetic written out here, and ctc_loss make of weights that seed_formula.py gives: log-probabilities of both
encoders, and the losses of ten steps of SGD. Needs Debian's python3-torch.

  tools/golden/ctc.py         # a second
"""
import math

import torch
from torch import nn
import torch.nn.functional as F

from seed_formula import by_formula, fill_by_formula, write_safetensors

M, C, CHANNELS, LABELS, LAYERS, HEADS, KERNEL = 12, 16, 4, 7, 2, 2, 5


def halved(n):
    return (n - 1) // 2 + 1


class Named(nn.Module):
    """Linear maps and norms under our names."""

    def add(self, name, module):
        self.add_module(name, module)
        return module


class FeedForward(Named):
    def __init__(self):
        super().__init__()
        self.add("c_fc", nn.Linear(C, 4 * C)), self.add("c_proj", nn.Linear(4 * C, C))

    def forward(self, x):
        return self.c_proj(F.silu(self.c_fc(x)))


class Block(Named):
    def __init__(self):
        super().__init__()
        for name in ("ln_ff1", "ln_attn", "ln_conv", "ln_depth", "ln_ff2", "ln_out"):
            self.add(name, nn.LayerNorm(C))
        self.add("ff1", FeedForward()), self.add("ff2", FeedForward())
        self.add("qkv", nn.Linear(C, 3 * C)), self.add("proj", nn.Linear(C, C))
        self.add("gate", nn.Linear(C, 2 * C)), self.add("point", nn.Linear(C, C))
        self.add("depth", nn.Conv1d(C, C, KERNEL, padding=KERNEL // 2, groups=C))

    def rotate(self, x):  # [T, D], halves of a head turn together
        D = x.shape[-1]
        angle = torch.arange(x.shape[0], dtype=torch.double)[:, None] * 10000.0 ** (-2.0 * torch.arange(D // 2) / D)
        cos, sin, a, b = angle.cos().float(), angle.sin().float(), x[:, :D // 2], x[:, D // 2:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], 1)

    def forward(self, x):  # [T, C], one clip without padding
        x = x + 0.5 * self.ff1(self.ln_ff1(x))
        q, k, v = self.qkv(self.ln_attn(x)).split(C, 1)
        heads = []
        for h in range(HEADS):
            part = slice(h * C // HEADS, (h + 1) * C // HEADS)
            scores = self.rotate(q[:, part]) @ self.rotate(k[:, part]).t() / math.sqrt(C / HEADS)
            heads.append(scores.softmax(1) @ v[:, part])
        x = x + self.proj(torch.cat(heads, 1))
        y = self.gate(self.ln_conv(x))
        y = self.depth((y[:, :C] * torch.sigmoid(y[:, C:])).t()[None])[0].t()
        x = x + self.point(F.silu(self.ln_depth(y)))
        x = x + 0.5 * self.ff2(self.ln_ff2(x))
        return self.ln_out(x)


class Reference(Named):
    def __init__(self, encoder):
        super().__init__()
        self.conv1 = nn.Conv2d(1, CHANNELS, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(CHANNELS, CHANNELS, 3, stride=(1, 2), padding=1)
        self.add("in", nn.Linear(CHANNELS * halved(halved(M)), C))
        self.encoder = encoder
        if encoder == "gru":
            self.gru = nn.GRU(C, C, LAYERS, batch_first=True, bidirectional=True)
            self.norm = nn.LayerNorm(2 * C)
        else:
            for i in range(LAYERS):
                self.add(f"block{i}", Block())
        self.out = nn.Linear(2 * C if encoder == "gru" else C, LABELS)

    def one(self, mel):  # [T, M] -> [T', LABELS]: each clip on its own, so that no padding is needed
        x = F.relu(self.conv2(F.relu(self.conv1(mel[None, None]))))
        x = getattr(self, "in")(x[0].permute(1, 0, 2).flatten(1))
        if self.encoder == "gru":
            x = self.norm(self.gru(x[None])[0][0])
        else:
            for i in range(LAYERS):
                x = getattr(self, f"block{i}")(x)
        return F.log_softmax(self.out(x), 1)


def main():
    torch.set_num_threads(1)
    mel, frames = by_formula((3, 21, M), 1000), (21, 14, 17)
    labels, counts = torch.tensor([1, 2, 2, 3, 4, 5, 6, 1, 1]), torch.tensor([4, 2, 3])
    tensors = {}
    for encoder in ("gru", "conformer"):
        model = Reference(encoder)
        fill_by_formula(model)

        def run():
            return [model.one(mel[b, :n]) for b, n in enumerate(frames)]
        for b, log_p in enumerate(run()):
            tensors[f"{encoder}.log_p.{b}"] = log_p
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
        losses = []
        for _ in range(10):
            optimizer.zero_grad()
            rows = run()
            log_p = nn.utils.rnn.pad_sequence(rows)
            loss = F.ctc_loss(log_p, labels, torch.tensor([len(r) for r in rows]), counts, reduction="sum") / len(labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(encoder, losses)
        tensors[encoder + ".losses"] = torch.tensor(losses)
    write_safetensors("ctc", tensors, "tools/golden/ctc.py")


if __name__ == "__main__":
    main()
