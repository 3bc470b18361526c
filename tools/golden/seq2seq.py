#!/usr/bin/python3
"""Writes tests/golden/seq2seq.safetensors: what torch's own nn.TransformerEncoderLayer and nn.TransformerDecoderLayer
make of weights that seed_formula.py gives: logits with norms before and behind, and the losses of ten steps of SGD.
Needs Debian's python3-torch.

  tools/golden/seq2seq.py         # a second
"""
import math
import re

import torch
from torch import nn
import torch.nn.functional as F

from seed_formula import by_formula, fill_by_formula, write_safetensors

V, C, H, L, I, P = 30, 16, 2, 2, 24, 12


class Reference(nn.Module):
    def __init__(self, pre_norm):
        super().__init__()
        self.embedding = nn.Embedding(V, C)
        options = dict(dim_feedforward=I, dropout=0.0, activation="relu", batch_first=True, norm_first=pre_norm)
        self.encoder = nn.ModuleList(nn.TransformerEncoderLayer(C, H, **options) for _ in range(L))
        self.decoder = nn.ModuleList(nn.TransformerDecoderLayer(C, H, **options) for _ in range(L))
        self.encoder_norm = nn.LayerNorm(C) if pre_norm else None
        self.decoder_norm = nn.LayerNorm(C) if pre_norm else None

    def embed(self, ids):
        t, i = torch.arange(ids.shape[1], dtype=torch.double), torch.arange(0, C, 2, dtype=torch.double)
        angles = t[:, None] * 10000.0 ** (-i / C)
        table = torch.stack([angles.sin(), angles.cos()], 2).flatten(1).float()
        return self.embedding(ids) * math.sqrt(C) + table

    def forward(self, source, real, target):
        x = self.embed(source)
        for layer in self.encoder:
            x = layer(x, src_key_padding_mask=~real)
        if self.encoder_norm:
            x = self.encoder_norm(x)
        y = self.embed(target)
        future = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)
        for layer in self.decoder:
            y = layer(y, x, tgt_mask=future, memory_key_padding_mask=~real)
        if self.decoder_norm:
            y = self.decoder_norm(y)
        return y @ self.embedding.weight.t()


def our_name(name):
    """torch's names -> ours; the maps of cross-attention are split as ours are (split_cross)."""
    for theirs, ours in (("self_attn.in_proj_", "attn.c_attn."), ("self_attn.out_proj", "attn.c_proj"),
                         ("multihead_attn.out_proj", "cross.c_proj"), ("linear1", "mlp.c_fc"),
                         ("linear2", "mlp.c_proj")):
        name = name.replace(theirs, ours)
    return re.sub(r"\bnorm([123])\b", r"ln_\1", name)


class SplitCross:
    """A view of the model in which cross-attention has query and key_value maps, as ours."""

    def __init__(self, model):
        self.model = model

    def state_dict(self):
        state = {}
        for name, tensor in self.model.state_dict().items():
            if "multihead_attn.in_proj_" in name:
                end = name.rsplit("_", 1)[1]
                prefix = name[:name.index("multihead_attn")] + "cross."
                state[prefix + "query." + end], state[prefix + "key_value." + end] = tensor[:C], tensor[C:]
            else:
                state[our_name(name)] = tensor
        return state


def main():
    torch.set_num_threads(1)
    tensors = {}
    source, target = (torch.arange(30).reshape(3, 10) * 7 + 3) % V, (torch.arange(24).reshape(3, 8) * 5 + 2) % V
    real = torch.arange(10)[None] < torch.tensor([10, 7, 4])[:, None]
    for pre_norm in (False, True):
        model, prefix = Reference(pre_norm), "pre." if pre_norm else "post."
        fill_by_formula(SplitCross(model))
        tensors[prefix + "logits"] = model(source, real, target)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        losses = []
        for _ in range(10):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(source, real, target[:, :-1]).flatten(0, 1), target[:, 1:].flatten(),
                                   label_smoothing=0.1)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(losses)
        tensors[prefix + "losses"] = torch.tensor(losses)
    write_safetensors("seq2seq", tensors, "tools/golden/seq2seq.py")


if __name__ == "__main__":
    main()
