"""Weights that both sides of a parity test make for themselves; tests/support/seed_formula.h is the twin and says how."""
import json
import math
import pathlib
import struct

import numpy
import torch

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "tests/golden"


def by_formula(sizes, k):
    i = numpy.arange(math.prod(sizes), dtype=numpy.float64)
    x = numpy.sin(12.9898 * i + 78.233 * k) * 43758.5453
    return torch.from_numpy(((x - numpy.floor(x)) * 2 - 1).astype(numpy.float32)).reshape(sizes)


@torch.no_grad()
def fill_by_formula(module, names=None):
    """`names` maps the module's names to ours, where they differ."""
    state = {(names or (lambda n: n))(n): t for n, t in module.state_dict().items()}
    for k, (name, tensor) in enumerate(sorted(state.items())):
        u = by_formula(tensor.shape, k)
        if not tensor.is_floating_point():
            continue
        if tensor.dim() >= 2:
            tensor.copy_(u * math.sqrt(6.0 / (tensor.numel() / tensor.shape[0])))
        elif name.endswith("weight") or name.endswith("running_var"):
            tensor.copy_(1 + 0.2 * u)
        else:
            tensor.copy_(0.1 * u)


def write_safetensors(name, tensors, by):
    header, data = {"__metadata__": {"torch": torch.__version__, "by": by}}, b""
    for key, t in sorted(tensors.items()):
        raw = t.detach().float().contiguous().numpy().tobytes()
        header[key] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path = FOLDER / f"{name}.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    print(path, path.stat().st_size, "bytes")
