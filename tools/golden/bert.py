#!/usr/bin/python3
"""Writes tests/golden/bert/ (a tiny BERT as a Hugging Face folder) and tests/golden/bert.safetensors (what torch's own
encoder layers make of it): logits of each head, and the losses of ten steps of SGD. Needs Debian's python3-torch.

  tools/golden/bert.py         # a second
"""
import json

import torch
from torch import nn
import torch.nn.functional as F

from seed_formula import FOLDER, by_formula, write_safetensors

V, C, H, L, I, P, S, K = 40, 16, 2, 2, 32, 12, 2, 3


class Reference(nn.Module):
    """Embeddings, nn.TransformerEncoderLayer with norms behind and exact GELU, heads of the published code."""

    def __init__(self):
        super().__init__()
        self.word, self.position, self.segment = nn.Embedding(V, C), nn.Embedding(P, C), nn.Embedding(S, C)
        self.norm = nn.LayerNorm(C, eps=1e-12)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(C, H, I, 0.0, "gelu", 1e-12, batch_first=True) for _ in range(L))
        self.pooler, self.classifier, self.qa = nn.Linear(C, C), nn.Linear(C, K), nn.Linear(C, 2)
        self.transform, self.transform_norm = nn.Linear(C, C), nn.LayerNorm(C, eps=1e-12)
        self.decoder_bias = nn.Parameter(torch.zeros(V))

    def features(self, ids, segments, real):
        x = self.norm(self.word(ids) + self.position(torch.arange(ids.shape[1])) + self.segment(segments))
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~real)
        return x

    def masked(self, x):
        return self.transform_norm(F.gelu(self.transform(x))) @ self.word.weight.t() + self.decoder_bias


def hugging_face_names(model):
    names = {"bert.embeddings.word_embeddings": model.word, "bert.embeddings.position_embeddings": model.position,
             "bert.embeddings.token_type_embeddings": model.segment, "bert.embeddings.LayerNorm": model.norm,
             "bert.pooler.dense": model.pooler, "classifier": model.classifier, "qa_outputs": model.qa,
             "cls.predictions.transform.dense": model.transform,
             "cls.predictions.transform.LayerNorm": model.transform_norm}
    tensors = {"cls.predictions.bias": model.decoder_bias}
    for i, layer in enumerate(model.layers):
        prefix = f"bert.encoder.layer.{i}."
        names.update({prefix + "attention.output.dense": layer.self_attn.out_proj,
                      prefix + "attention.output.LayerNorm": layer.norm1, prefix + "intermediate.dense": layer.linear1,
                      prefix + "output.dense": layer.linear2, prefix + "output.LayerNorm": layer.norm2})
        for part, weight, bias in zip(("query", "key", "value"), layer.self_attn.in_proj_weight.chunk(3),
                                      layer.self_attn.in_proj_bias.chunk(3)):
            tensors[prefix + f"attention.self.{part}.weight"] = weight
            tensors[prefix + f"attention.self.{part}.bias"] = bias
    for name, module in names.items():
        for key, value in module.named_parameters():
            tensors[f"{name}.{key}"] = value
    return tensors


def main():
    torch.set_num_threads(1)
    model = Reference()
    with torch.no_grad():
        for k, p in enumerate(model.parameters()):
            p.copy_(by_formula(p.shape, k) * 0.5 + (1 if p.dim() == 1 and k % 2 == 0 else 0))
    folder = FOLDER / "bert"
    folder.mkdir(exist_ok=True)
    by = "tools/golden/bert.py"
    write_safetensors("bert/model", hugging_face_names(model), by)
    (folder / "config.json").write_text(json.dumps(
        {"model_type": "bert", "vocab_size": V, "hidden_size": C, "num_hidden_layers": L, "num_attention_heads": H,
         "intermediate_size": I, "max_position_embeddings": P, "type_vocab_size": S, "hidden_act": "gelu",
         "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}, indent=1) + "\n")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [chr(ord("a") + i) for i in range(26)]
    (folder / "vocab.txt").write_text("\n".join(words + [f"##{c}" for c in "abcdefghi"]) + "\n")

    ids = (torch.arange(3 * 10).reshape(3, 10) * 7 + 5) % V
    real = torch.arange(10)[None] < torch.tensor([10, 7, 4])[:, None]
    ids = ids * real
    segments = (torch.arange(10)[None] >= torch.tensor([5, 3, 2])[:, None]).long() * real
    with torch.enable_grad():  # the fast path of evaluation changes rows of padding
        x = model.features(ids, segments, real)
        plain = model.features(ids, torch.zeros_like(ids), real)
        tensors = {"masked": model.masked(plain)[real], "classes": model.classifier(torch.tanh(model.pooler(plain[:, 0]))),
                   "spans": model.qa(x) * real[..., None]}
    labels = torch.tensor([0, 2, 1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        plain = model.features(ids, torch.zeros_like(ids), real)
        loss = F.cross_entropy(model.classifier(torch.tanh(model.pooler(plain[:, 0]))), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(losses)
    tensors["losses"] = torch.tensor(losses)
    write_safetensors("bert", tensors, by)


if __name__ == "__main__":
    main()
