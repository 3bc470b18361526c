#!/usr/bin/python3
"""Writes tests/golden/clip.safetensors: what torchvision's ResNet and torch's own nn.TransformerEncoderLayer, as the two
towers of CLIP, make of weights, images and tokens that seed_formula.py gives: embeddings, both losses with and without
masked pairs, and the losses of ten steps of SGD. Needs Debian's python3-torchvision.

  tools/golden/clip.py         # a few seconds
"""
import math
import re

import torch
import torchvision
from torch import nn
import torch.nn.functional as F
from torchvision.models.resnet import BasicBlock, ResNet

from seed_formula import by_formula, fill_by_formula, write_safetensors

V, C, H, L, I, P, D, B = 40, 16, 2, 2, 24, 9, 8, 6


class Clip(nn.Module):
    def __init__(self, loss):
        super().__init__()
        self.visual = ResNet(BasicBlock, [1, 1, 1, 1])
        self.visual.fc = nn.Identity()
        self.image_projection = nn.Linear(512, D, bias=False)
        self.token_embedding, self.positional_embedding = nn.Embedding(V, C), nn.Embedding(P, C)
        self.transformer = nn.ModuleList(nn.TransformerEncoderLayer(
            C, H, dim_feedforward=I, dropout=0.0, activation="gelu", batch_first=True, norm_first=True) for _ in range(L))
        self.ln_final = nn.LayerNorm(C)
        self.partner_projection = nn.Linear(C, D, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(0.0))
        self.loss = loss
        if loss == "sigmoid":
            self.logit_bias = nn.Parameter(torch.tensor(0.0))

    def forward(self, images, ids, real):
        a = F.normalize(self.image_projection(self.visual(images)), dim=1)
        x = self.token_embedding(ids) + self.positional_embedding(torch.arange(ids.shape[1]))
        for layer in self.transformer:
            x = layer(x, src_key_padding_mask=~real)
        x = self.ln_final(x) * real.unsqueeze(2)
        b = F.normalize(self.partner_projection(x.sum(1) / real.sum(1, keepdim=True)), dim=1)
        return a, b

    def score(self, a, b, same):
        z = self.logit_scale.exp() * a @ b.t()
        if self.loss == "infonce":
            z = z.masked_fill(same, -math.inf)
            target = torch.arange(B)
            return (F.cross_entropy(z, target, reduction="sum") + F.cross_entropy(z.t(), target, reduction="sum")) / 2
        each = F.binary_cross_entropy_with_logits(z + self.logit_bias, torch.eye(B), reduction="none")
        return each.masked_fill(same, 0).sum()


def our_name(name):
    for theirs, ours in (("self_attn.in_proj_", "c_attn."), ("self_attn.out_proj", "c_proj"), ("linear1", "mlp.c_fc"),
                         ("linear2", "mlp.c_proj")):
        name = name.replace(theirs, ours)
    return re.sub(r"\bnorm([12])\b", r"ln_\1", name)


def main():
    torch.set_num_threads(1)
    tensors = {}
    images = 2 * by_formula((B, 3, 32, 32), 1000)
    ids = (torch.arange(B * P).reshape(B, P) * 7 + 3) % V
    real = torch.arange(P)[None] < torch.tensor([9, 7, 4, 1, 9, 3])[:, None]
    same = torch.zeros(B, B, dtype=torch.bool)
    same[0, 3] = same[3, 0] = True
    for loss in ("infonce", "sigmoid"):
        model = Clip(loss)
        fill_by_formula(model, our_name)
        with torch.no_grad():
            model.logit_scale.fill_(math.log(10))
            if loss == "sigmoid":
                model.logit_bias.fill_(-3)
            tensors[loss + ".images"], tensors[loss + ".texts"] = model.eval()(images, ids, real)
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
        losses = []
        for _ in range(10):
            optimizer.zero_grad()
            value = model.score(*model(images, ids, real), same)
            value.backward()
            optimizer.step()
            losses.append(value.item())
        print(loss, losses)
        tensors[loss + ".losses"] = torch.tensor(losses)
    write_safetensors("clip", tensors, f"tools/golden/clip.py, torchvision {torchvision.__version__}")


if __name__ == "__main__":
    main()
