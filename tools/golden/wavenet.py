#!/usr/bin/python3
"""Writes tests/golden/wavenet.safetensors: what dilated nn.functional.conv1d, channels first and padded on the left, make
of weights that seed_formula.py gives: outputs, and the losses of ten steps of SGD, with mu-law and with a mixture of
logistics, each with and without a first convolution of three samples, conditioned on text, speaker and frames. Needs Debian's python3-torch.

  tools/golden/wavenet.py         # seconds
"""
import torch
from torch import nn
import torch.nn.functional as F

from seed_formula import by_formula, fill_by_formula, write_safetensors

R, S, E, K, L, HOP, DILATIONS = 16, 16, 4, 3, 5, 8, (1, 2, 4, 1, 2)


class Reference(nn.Module):
    def __init__(self, mu_law, taps):
        super().__init__()
        self.mu_law, self.taps = mu_law, taps
        if mu_law:
            self.samples = nn.Embedding(256, R)
        if taps:
            self.value = nn.Linear(taps, R)
        self.texts, self.speakers = nn.Embedding(3, E), nn.Embedding(2, E)
        self.local = nn.Linear(3 * L, 2 * E)
        self.condition = nn.Linear(4 * E, len(DILATIONS) * 2 * R, bias=False)
        for i in range(len(DILATIONS)):
            self.add_module(f"dilated{i}", nn.Linear(2 * R, 2 * R))
            self.add_module(f"join{i}", nn.Linear(R, R + S))
        self.head1, self.head2 = nn.Linear(S, S), nn.Linear(S, 256 if mu_law else 3 * K)

    def forward(self, previous, texts, speakers, local):  # [B, T], [B], [B], [F, B, L] -> [B, T, outputs]
        frames = local.shape[0]
        near = F.pad(local, (0, 0, 0, 0, 1, 1))
        near = torch.stack([torch.cat([near[f], near[f + 1], near[f + 2]], 1) for f in range(frames)])
        one = torch.cat([self.texts(texts), self.speakers(speakers)], 1).expand(frames, -1, -1)
        here = self.condition(torch.cat([one, torch.tanh(self.local(near))], 2))  # [F, B, layers 2 R]
        here = here.repeat_interleave(HOP, 0).permute(1, 2, 0)  # [B, layers 2 R, T]
        x = self.samples(previous).transpose(1, 2) if self.mu_law else 0
        if self.taps:
            wave = expand(previous) if self.mu_law else previous
            x = x + F.conv1d(F.pad(wave[:, None], (self.taps - 1, 0)), self.value.weight[:, None], self.value.bias)
        skip = 0
        for i, d in enumerate(DILATIONS):
            w = getattr(self, f"dilated{i}")
            kernel = torch.stack([w.weight[:, :R], w.weight[:, R:]], 2)  # past, present
            z = F.conv1d(F.pad(x, (d, 0)), kernel, w.bias, dilation=d) + here[:, i * 2 * R:(i + 1) * 2 * R]
            h = torch.tanh(z[:, :R]) * torch.sigmoid(z[:, R:])
            joined = getattr(self, f"join{i}")(h.transpose(1, 2)).transpose(1, 2)
            x, skip = x + joined[:, :R], skip + joined[:, R:]
        return self.head2(F.relu(self.head1(F.relu(skip).transpose(1, 2))))


def expand(codes):
    y = 2 * codes.double() / 255 - 1
    return (y.sign() * (256 ** y.abs() - 1) / 255).float()


def logistic_nll(out, y):
    """- log of the mixture's mass on y's 16-bit level, from cumulative functions in double."""
    weight, mean, log_scale = (t.double() for t in out.split(K, -1))
    y, scale, half = y.double()[..., None], log_scale.clamp(min=-9).exp(), 1 / 65535
    above = torch.where(y > 1 - half, torch.ones_like(mean), torch.sigmoid((y + half - mean) / scale))
    below = torch.where(y < -1 + half, torch.zeros_like(mean), torch.sigmoid((y - half - mean) / scale))
    return -(weight.softmax(-1) * (above - below)).sum(-1).log().sum()


def main():
    torch.set_num_threads(1)
    T, B, tensors = 32, 2, {}
    codes = (torch.arange(T * B).reshape(B, T) * 37 + 11) % 256
    values = 0.9 * by_formula((B, T), 1000)
    values[0, 3], values[1, 5] = 1.0, -1.0
    texts, speakers, local = torch.tensor([2, 0]), torch.tensor([0, 1]), by_formula((T // HOP, B, L), 1001)
    for name, taps in (("mu_law", 0), ("mu_law", 3), ("logistics", 1), ("logistics", 3)):
        model = Reference(name == "mu_law", taps)
        name += f".first{taps}"
        fill_by_formula(model)
        targets = codes if model.mu_law else values
        previous = F.pad(targets[:, :-1], (1, 0), value=128 if model.mu_law else 0.0)
        tensors[name + ".outputs"] = model(previous, texts, speakers, local).transpose(0, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05 if model.mu_law else 1e-4)
        losses = []
        for _ in range(10):
            optimizer.zero_grad()
            out = model(previous, texts, speakers, local)
            loss = F.cross_entropy(out.flatten(0, 1), targets.flatten(), reduction="sum") if model.mu_law else \
                logistic_nll(out, targets)
            loss = loss / targets.numel()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(name, losses)
        tensors[name + ".losses"] = torch.tensor(losses)
    write_safetensors("wavenet", tensors, "tools/golden/wavenet.py")


if __name__ == "__main__":
    main()
