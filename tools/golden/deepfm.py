#!/usr/bin/python3
"""Writes tests/golden/deepfm.safetensors: weights, ten batches of bags, logits of the first and the losses of ten steps
of Adam that updates only the rows a batch touches. The machine sums over pairs of fields one by one and the optimiser
is written out here, independent of Ingot. Needs Debian's python3-torch.

  tools/golden/deepfm.py            # about 1 s
"""
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from gpt import FOLDER, SEED, write_safetensors  # noqa: E402

ROWS, FIELDS, K, HIDDEN, BATCH, STEPS = 24, 4, 3, (8, 6), 5, 10
LR, L2, BETA1, BETA2, EPS = 1e-2, 1e-3, 0.9, 0.999, 1e-8


def draw_batch(rng):
    """Records of four fields: two single values, one list of 1 to 3 with equal weights, one number."""
    records = []
    for _ in range(BATCH):
        pick = lambda low, high, n=1: (torch.randperm(high - low, generator=rng)[:n] + low).tolist()
        n = int(torch.randint(1, 4, (1,), generator=rng))
        z = float(torch.randn(1, generator=rng))
        records.append([(pick(0, 8), [1.0]), (pick(8, 14), [1.0]), (pick(14, 22, n), [1.0 / n] * n), ([22], [z])])
    labels = torch.randint(0, 2, (BATCH,), generator=rng).float()
    return records, labels


def forward(w, record):
    vectors, y = [], w["bias"][0]
    for ids, weights in record:
        vectors.append(sum(x * w["embedding"][i] for i, x in zip(ids, weights)))
        y = y + sum(x * w["linear"][i, 0] for i, x in zip(ids, weights))
    for i in range(FIELDS):
        for j in range(i + 1, FIELDS):
            y = y + (vectors[i] * vectors[j]).sum()
    h = torch.cat(vectors)
    for layer in range(len(HIDDEN) + 1):
        h = w[f"deep.{layer}.weight"] @ h + w[f"deep.{layer}.bias"]
        if layer < len(HIDDEN):
            h = torch.clamp(h, min=0)
    return y + h[0]


def lazy_adam(w, moments, touched, step):
    with torch.no_grad():
        for name, p in w.items():
            m, v = moments[name]
            rows = touched if name in ("embedding", "linear") else slice(None)
            g = p.grad[rows] + (L2 * p[rows] if name in ("embedding", "linear") else 0)
            m[rows] = BETA1 * m[rows] + (1 - BETA1) * g
            v[rows] = BETA2 * v[rows] + (1 - BETA2) * g * g
            p[rows] -= LR * (m[rows] / (1 - BETA1**step)) / ((v[rows] / (1 - BETA2**step)).sqrt() + EPS)
            p.grad = None


def main():
    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(SEED)
    w, width = {"bias": torch.randn(1, generator=rng) * 0.1}, FIELDS * K
    w["linear"] = torch.randn(ROWS, 1, generator=rng) * 0.3
    w["embedding"] = torch.randn(ROWS, K, generator=rng) * 0.5
    for layer, out in enumerate(HIDDEN + (1,)):
        w[f"deep.{layer}.weight"] = torch.randn(out, width, generator=rng) * 0.4
        w[f"deep.{layer}.bias"] = torch.randn(out, generator=rng) * 0.1
        width = out
    tensors = {"weight." + k: v.clone() for k, v in w.items()}
    for p in w.values():
        p.requires_grad_()
    moments = {k: (torch.zeros_like(p), torch.zeros_like(p)) for k, p in w.items()}
    losses = []
    for step in range(1, STEPS + 1):
        records, labels = draw_batch(rng)
        flat = [bag for record in records for bag in record]
        ids, lengths = sum((b[0] for b in flat), []), [len(b[0]) for b in flat]
        tensors[f"{step}.ids"] = torch.tensor(ids)
        tensors[f"{step}.weights"] = torch.tensor(sum((b[1] for b in flat), []))
        tensors[f"{step}.offsets"] = torch.tensor([0] + lengths).cumsum(0)
        tensors[f"{step}.labels"] = labels
        logits = torch.stack([forward(w, record) for record in records])
        if step == 1:
            tensors["logits"] = logits.detach().clone()
        p = torch.sigmoid(logits)
        loss = -(labels * torch.log(p) + (1 - labels) * torch.log(1 - p)).mean()
        loss.backward()
        lazy_adam(w, moments, torch.tensor(sorted(set(ids))), step)
        losses.append(loss.item())
    tensors["losses"] = torch.tensor(losses)
    write_safetensors(FOLDER / "deepfm.safetensors", tensors,
                      {"seed": str(SEED), "torch": torch.__version__, "by": "tools/golden/deepfm.py"})
    print("losses", losses)


if __name__ == "__main__":
    main()
