#!/usr/bin/python3
"""The three character GPTs of recipes/gpt/shakespeare-*.toml in plain eager PyTorch, as a peer: its CPU time and loss.

    gpt_torch.py --form gpt2|modern|muon --text input.txt [--bf16] [--steps 60] [--full]

Prints one JSON object. Without --full: `steps` training steps, median CPU milliseconds of one after a warm-up. With
--full: 2,000 steps, total CPU seconds of training and the loss over the whole validation part (the last 10 %).
4 layers, 4 heads, 128 wide, context 64, batch 12, no dropout, one thread.
"""
import argparse
import json
import math
import os
import statistics
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import torch  # noqa: E402  (reads the two variables above)
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

LAYERS, HEADS, WIDTH, CONTEXT, BATCH = 4, 4, 128, 64, 12
STEPS, WARMUP, MIN_FACTOR = 2000, 100, 0.1


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


class LayerNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, None, 1e-5)


class Attention(nn.Module):
    def __init__(self, modern):
        super().__init__()
        self.c_attn = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.c_proj = nn.Linear(WIDTH, WIDTH, bias=False)
        size = WIDTH // HEADS
        self.q_norm, self.k_norm = (RmsNorm(size), RmsNorm(size)) if modern else (None, None)
        self.register_buffer("future", torch.ones(CONTEXT, CONTEXT, dtype=torch.bool).triu(1))
        angles = torch.outer(torch.arange(CONTEXT), 10000.0 ** (-torch.arange(0, size, 2) / size))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def rotate(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat((a * self.cos - b * self.sin, b * self.cos + a * self.sin), -1)

    def forward(self, x):
        q, k, v = (z.view(-1, CONTEXT, HEADS, WIDTH // HEADS).transpose(1, 2) for z in self.c_attn(x).split(WIDTH, 2))
        if self.q_norm:
            q, k = self.rotate(self.q_norm(q)), self.rotate(self.k_norm(k))
        scores = (q @ k.transpose(-2, -1)) * (WIDTH // HEADS) ** -0.5
        weights = F.softmax(scores.masked_fill(self.future, float("-inf")), -1)
        return self.c_proj((weights @ v).transpose(1, 2).contiguous().view(x.shape))


class FeedForward(nn.Module):
    def __init__(self, modern):
        super().__init__()
        self.modern = modern
        inner = (WIDTH * 8 // 3 + 7) // 8 * 8 if modern else 4 * WIDTH
        self.c_fc = nn.Linear(WIDTH, 2 * inner if modern else inner, bias=False)
        self.c_proj = nn.Linear(inner, WIDTH, bias=False)

    def forward(self, x):
        if not self.modern:
            return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))
        gate, value = self.c_fc(x).chunk(2, -1)
        return self.c_proj(F.silu(gate) * value)


class Block(nn.Module):
    def __init__(self, modern):
        super().__init__()
        norm = RmsNorm if modern else LayerNorm
        self.ln_1, self.attn, self.ln_2, self.mlp = norm(WIDTH), Attention(modern), norm(WIDTH), FeedForward(modern)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self, vocab, modern):
        super().__init__()
        self.wte = nn.Embedding(vocab, WIDTH)
        self.wpe = None if modern else nn.Embedding(CONTEXT, WIDTH)
        self.h = nn.ModuleList(Block(modern) for _ in range(LAYERS))
        self.ln_f = (RmsNorm if modern else LayerNorm)(WIDTH)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * LAYERS) if name.endswith("c_proj.weight") else 0.02)

    def forward(self, ids):
        x = self.wte(ids)
        if self.wpe is not None:
            x = x + self.wpe.weight
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)


class Muon:
    """Jordan et al. 2024, as its author wrote it but in float32: momentum 0.95, Nesterov, 5 Newton-Schulz iterations."""

    def __init__(self, parameters, lr):
        self.parameters, self.lr, self.factor = parameters, lr, 1.0
        self.momentum = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self):
        for p, m in zip(self.parameters, self.momentum):
            m.lerp_(p.grad, 0.05)
            x = p.grad.lerp(m, 0.95)
            x = x / (x.norm() + 1e-7)
            tall = x.size(0) > x.size(1)
            x = x.t() if tall else x
            for _ in range(5):
                gram = x @ x.t()
                x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
            p.sub_(x.t() if tall else x, alpha=self.lr * self.factor * max(1, p.size(0) / p.size(1)) ** 0.5)


def schedule(step):
    if step < WARMUP:
        return (step + 1) / WARMUP
    return MIN_FACTOR + (1 - MIN_FACTOR) * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP)))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--form", choices=("gpt2", "modern", "muon"), default="gpt2")
    arguments.add_argument("--text", required=True)
    arguments.add_argument("--bf16", action="store_true")
    arguments.add_argument("--full", action="store_true")
    arguments.add_argument("--steps", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=0)
    args = arguments.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    modern = args.form != "gpt2"

    text = open(args.text, encoding="utf-8").read()
    ids = {c: i for i, c in enumerate(sorted(set(text)))}
    tokens = torch.tensor([ids[c] for c in text])
    cut = int(0.9 * len(tokens))
    train, validation = tokens[:cut], tokens[cut:]

    model = Gpt(len(ids), modern)
    lr = 2e-3 if modern else 1e-3
    named = [(n, p) for n, p in model.named_parameters()]
    hidden = [p for n, p in named if args.form == "muon" and p.dim() == 2 and n.startswith("h.")]
    rest = [(n, p) for n, p in named if not any(p is q for q in hidden)]
    optimizer = torch.optim.AdamW([
        {"params": [p for _, p in rest if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for _, p in rest if p.dim() < 2], "weight_decay": 0.0}], lr=lr, betas=(0.9, 0.99), foreach=True)
    muon = Muon(hidden, 0.02) if hidden else None

    def step(i):
        factor = schedule(i)
        for group in optimizer.param_groups:
            group["lr"] = lr * factor
        at = torch.randint(len(train) - CONTEXT, (BATCH,))
        windows = torch.stack([train[a:a + CONTEXT + 1] for a in at])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bf16):
            logits = model(windows[:, :-1])
        loss = F.cross_entropy(logits.float().view(-1, len(ids)), windows[:, 1:].reshape(-1))
        model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if muon:
            muon.factor = factor
            muon.step()

    result = {"form": args.form, "type": "bf16" if args.bf16 else "fp32", "torch": torch.__version__,
              "parameters": sum(p.numel() for _, p in named)}
    if not args.full:
        for i in range(5):
            step(i)
        times = []
        for i in range(args.steps):
            begin = time.process_time()
            step(i)
            times.append(time.process_time() - begin)
        result.update(steps=args.steps, ms_per_step=1e3 * statistics.median(times),
                      fastest_ms=1e3 * min(times), cpu_s=sum(times))
    else:
        begin = time.process_time()
        for i in range(STEPS):
            step(i)
        cpu = time.process_time() - begin
        model.eval()
        total = count = 0
        with torch.no_grad():
            whole = (len(validation) - 1) // CONTEXT
            x = validation[:whole * CONTEXT].view(whole, CONTEXT)
            y = validation[1:whole * CONTEXT + 1].view(whole, CONTEXT)
            for a in range(0, whole, 64):
                logits = model(x[a:a + 64])
                total += F.cross_entropy(logits.view(-1, len(ids)), y[a:a + 64].reshape(-1), reduction="sum").item()
                count += y[a:a + 64].numel()
        result.update(steps=STEPS, cpu_s=cpu, ms_per_step=1e3 * cpu / STEPS, validation_loss=total / count)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
