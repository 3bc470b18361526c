#!/usr/bin/python3
"""Writes tests/golden/gpt2.safetensors and gpt_modern.safetensors: weights, token ids, logits and the losses of ten
AdamW steps from two decoders written here from the papers, independent of Ingot. Needs Debian's python3-torch.

  tools/golden/gpt.py            # writes both files, about 2 s
"""
import json
import math
import pathlib
import struct

import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "tests/golden"
SEED = 20261124


class LayerNorm(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(width))
        self.bias = torch.nn.Parameter(torch.zeros(width))

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        var = ((x - mean) ** 2).mean(-1, keepdim=True)
        return (x - mean) / torch.sqrt(var + 1e-5) * self.weight + self.bias


class RMSNorm(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotate(x, theta):
    """x [B, H, T, D]: pairs (x_i, x_{i + D/2}) turn by t * theta^(-2i/D)."""
    T, D = x.shape[-2:]
    out = torch.empty_like(x)
    for i in range(D // 2):
        angle = torch.arange(T, dtype=torch.float64) * theta ** (-2 * i / D)
        c, s = torch.cos(angle).to(x.dtype), torch.sin(angle).to(x.dtype)
        a, b = x[..., i], x[..., i + D // 2]
        out[..., i] = a * c - b * s
        out[..., i + D // 2] = a * s + b * c
    return out


class Block(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, self.modern = c, c["norm"] == "rmsnorm"
        C, H, K, F_ = c["n_embd"], c["n_head"], c.get("n_kv_head", c["n_head"]), c["n_inner"]
        self.D = C // H
        norm = RMSNorm if self.modern else LayerNorm
        bias = not self.modern
        self.ln_1, self.ln_2 = norm(C), norm(C)
        self.q, self.k, self.v = (torch.nn.Linear(C, n * self.D, bias=bias) for n in (H, K, K))
        self.o = torch.nn.Linear(C, C, bias=bias)
        if self.modern:
            self.q_norm, self.k_norm = RMSNorm(self.D), RMSNorm(self.D)
            self.gate, self.up = torch.nn.Linear(C, F_, bias=False), torch.nn.Linear(C, F_, bias=False)
        else:
            self.up = torch.nn.Linear(C, F_)
        self.down = torch.nn.Linear(F_, C, bias=bias)

    def attend(self, x):
        B, T, C = x.shape
        heads = lambda y: y.view(B, T, -1, self.D).transpose(1, 2)
        q, k, v = heads(self.q(x)), heads(self.k(x)), heads(self.v(x))
        if self.modern:
            q, k = rotate(self.q_norm(q), 10000.0), rotate(self.k_norm(k), 10000.0)
        out = []
        for h in range(q.shape[1]):
            g = h // (q.shape[1] // k.shape[1])
            s = q[:, h] @ k[:, g].transpose(1, 2) / math.sqrt(self.D)
            s = s.masked_fill(torch.ones(T, T).triu(1).bool(), float("-inf"))
            out.append(torch.softmax(s, -1) @ v[:, g])
        return self.o(torch.cat(out, -1))

    def forward(self, x):
        x = x + self.attend(self.ln_1(x))
        y = self.ln_2(x)
        if self.modern:
            g = self.gate(y)
            y = g * torch.sigmoid(g) * self.up(y)
        else:
            u = self.up(y)
            y = 0.5 * u * (1 + torch.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3)))
        return x + self.down(y)


class Decoder(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, self.modern = c, c["norm"] == "rmsnorm"
        V, C = c["vocab_size"], c["n_embd"]
        self.wte = torch.nn.Parameter(torch.zeros(V, C))
        if not self.modern:
            self.wpe = torch.nn.Parameter(torch.zeros(c["block_size"], C))
        self.blocks = torch.nn.ModuleList(Block(c) for _ in range(c["n_layer"]))
        self.ln_f = RMSNorm(C) if self.modern else LayerNorm(C)
        self.head = torch.nn.Parameter(torch.zeros(V, C)) if self.modern else None

    def forward(self, ids):
        x = self.wte[ids]
        if not self.modern:
            x = x + self.wpe[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        y = self.ln_f(x) @ (self.head if self.modern else self.wte).T
        cap = self.c.get("logit_softcap", 0)
        return cap * torch.tanh(y / cap) if cap else y

    def loss(self, ids, targets):
        """Cross-entropy with label smoothing and z-loss, from their definitions."""
        e, z = self.c.get("label_smoothing", 0), self.c.get("z_loss", 0)
        logits = self(ids).reshape(-1, self.c["vocab_size"])
        log_z = torch.logsumexp(logits, -1)
        logp = logits - log_z[:, None]
        nll = -logp[torch.arange(len(logp)), targets.reshape(-1)]
        return ((1 - e) * nll - e * logp.mean(-1) + z * log_z**2).mean()

    def ingot_weights(self):
        """Under Ingot's names: [out, in] matrices; queries, keys, values in one; gate before value."""
        w = {"wte.weight": self.wte, "ln_f.weight": self.ln_f.weight}
        if self.modern:
            w["lm_head.weight"] = self.head
        else:
            w["wpe.weight"], w["ln_f.bias"] = self.wpe, self.ln_f.bias
        for i, b in enumerate(self.blocks):
            p = f"h.{i}."
            w[p + "ln_1.weight"], w[p + "ln_2.weight"] = b.ln_1.weight, b.ln_2.weight
            w[p + "attn.c_attn.weight"] = torch.cat([b.q.weight, b.k.weight, b.v.weight])
            w[p + "attn.c_proj.weight"] = b.o.weight
            w[p + "mlp.c_fc.weight"] = torch.cat([b.gate.weight, b.up.weight]) if self.modern else b.up.weight
            w[p + "mlp.c_proj.weight"] = b.down.weight
            if self.modern:
                w[p + "attn.q_norm.weight"], w[p + "attn.k_norm.weight"] = b.q_norm.weight, b.k_norm.weight
            else:
                w[p + "ln_1.bias"], w[p + "ln_2.bias"] = b.ln_1.bias, b.ln_2.bias
                w[p + "attn.c_attn.bias"] = torch.cat([b.q.bias, b.k.bias, b.v.bias])
                w[p + "attn.c_proj.bias"], w[p + "mlp.c_fc.bias"] = b.o.bias, b.up.bias
                w[p + "mlp.c_proj.bias"] = b.down.bias
        return w


def write_safetensors(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, t in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        raw = t.detach().contiguous().numpy().tobytes()
        dtype = {torch.float32: "F32", torch.int64: "I64"}[t.dtype]
        header[name] = {"dtype": dtype, "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(path, path.stat().st_size, "bytes")


def golden(name, config):
    torch.manual_seed(SEED)
    model = Decoder(config)
    with torch.no_grad():
        for p in model.parameters():  # large enough that every term of the arithmetic shows in the logits
            p.copy_(torch.randn_like(p) * (0.15 if p.dim() > 1 else 0.1) + (0 if p.dim() > 1 else 0.5))
    tensors = {"weight." + k: v.detach().clone() for k, v in model.ingot_weights().items()}
    ids = torch.randint(config["vocab_size"], (2, config["block_size"] + 1))
    x, y = ids[:, :-1], ids[:, 1:]
    tensors["ids"], tensors["logits"] = ids, model(x).detach().clone()
    groups = [{"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.1},
              {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = model.loss(x, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    tensors["losses"] = torch.tensor(losses)
    metadata = {"config": json.dumps(config), "seed": str(SEED), "torch": torch.__version__, "by": "tools/golden/gpt.py"}
    write_safetensors(FOLDER / f"{name}.safetensors", tensors, metadata)


if __name__ == "__main__":
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    golden("gpt2", dict(name="gpt", vocab_size=61, block_size=12, n_layer=2, n_head=4, n_embd=32, n_inner=128,
                        norm="layernorm"))
    golden("gpt_modern", dict(name="gpt", vocab_size=61, block_size=12, n_layer=2, n_head=4, n_kv_head=2, n_embd=32,
                              n_inner=88, norm="rmsnorm", position="rotary", activation="swiglu", bias=False,
                              qk_norm=True, tied_embeddings=False, logit_softcap=15.0, label_smoothing=0.1,
                              z_loss=1e-3))
