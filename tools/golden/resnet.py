#!/usr/bin/python3
"""Writes tests/golden/resnet.safetensors: what torchvision's ResNet-18 and -50 make of weights and images that
seed_formula.py gives: logits in evaluation and training, running statistics, the losses of ten steps of SGD.
Needs Debian's python3-torchvision.

  tools/golden/resnet.py         # about 10 s
"""
import torch
import torchvision

from seed_formula import by_formula, fill_by_formula, write_safetensors


def golden(depth, tensors):
    model = getattr(torchvision.models, f"resnet{depth}")(weights=None, num_classes=10)
    fill_by_formula(model)
    x, y, prefix = 2 * by_formula((4, 3, 64, 64), 1000), torch.arange(4), f"resnet{depth}."
    with torch.no_grad():
        tensors[prefix + "eval"] = model.eval()(x)
        tensors[prefix + "train"] = model.train()(x)
        tensors[prefix + "running_var"] = model.layer4[1].bn2.running_var.clone()
    if depth != 18:
        return
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4, nesterov=True)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y, label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(losses)
    tensors[prefix + "losses"] = torch.tensor(losses)


if __name__ == "__main__":
    torch.set_num_threads(1)
    tensors = {}
    for depth in (18, 50):
        golden(depth, tensors)
    write_safetensors("resnet", tensors, f"tools/golden/resnet.py, torchvision {torchvision.__version__}")
