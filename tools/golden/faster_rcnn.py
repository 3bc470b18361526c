#!/usr/bin/python3
"""Writes tests/golden/faster_rcnn.safetensors: what torchvision's operators and its FasterRCNN, with GroupNorm and aligned
RoIAlign, make of weights, images and boxes that seed_formula.py gives: box overlaps, suppression, RoIAlign and its
gradient, anchor scores, proposals, pooled regions, losses, those of ten steps of SGD, and detections.
Needs Debian's python3-torchvision.

  tools/golden/faster_rcnn.py         # about 15 s
"""
import functools

import torch
import torchvision
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FasterRCNN, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.ops import MultiScaleRoIAlign, batched_nms, box_iou, generalized_box_iou, nms, poolers, roi_align

from seed_formula import by_formula, fill_by_formula, write_safetensors

poolers.roi_align = functools.partial(roi_align, aligned=True)
SIZES = [(96, 128), (80, 112)]
BOXES = [[[8, 10, 40, 44], [60, 20, 118, 80], [30, 50, 47, 90]], [[5, 5, 30, 70], [50, 12, 100, 60]]]
LABELS = [[1, 3, 2], [2, 1]]


def random_boxes(n, k, side):
    u = (by_formula((n, 4), k) + 1) / 2
    low, extent = u[:, :2] * side, 2 + u[:, 2:] * side / 2
    return torch.cat([low, low + extent], 1)


def operators(tensors):
    boxes, scores = random_boxes(80, 1, 40), by_formula((80,), 2)
    groups = (torch.arange(80) * 7) % 3
    tensors["ops.iou"] = box_iou(boxes, boxes[:7])
    tensors["ops.giou"] = generalized_box_iou(boxes[:40], boxes[40:]).diagonal()
    tensors["ops.nms"] = nms(boxes, scores, 0.4)
    tensors["ops.batched_nms"] = batched_nms(boxes, scores, groups, 0.4)
    features = by_formula((2, 5, 9, 11), 3).requires_grad_()
    rois = random_boxes(12, 4, 44) - 4  # some lie outside
    rois = torch.cat([(torch.arange(12) % 2).float().unsqueeze(1), rois], 1)
    out = roi_align(features, rois, 3, spatial_scale=0.25, sampling_ratio=2, aligned=True)
    out.backward(by_formula(out.shape, 5))
    tensors["ops.roi_align"], tensors["ops.roi_align_grad"] = out, features.grad


def model():
    body = ResNet(BasicBlock, [1, 1, 1, 1], norm_layer=lambda c: torch.nn.GroupNorm(8, c))
    backbone = BackboneWithFPN(body, {"layer2": "0", "layer3": "1", "layer4": "2"}, [128, 256, 512], 32,
                               norm_layer=lambda c: torch.nn.GroupNorm(8, c))
    everything = 10 ** 6  # sampled: nothing is left to chance
    net = FasterRCNN(
        backbone, rpn_anchor_generator=AnchorGenerator(((16,), (32,), (64,), (96,)), ((0.5, 1.0, 2.0),) * 4),
        rpn_pre_nms_top_n_train=60, rpn_pre_nms_top_n_test=60, rpn_post_nms_top_n_train=50, rpn_post_nms_top_n_test=50,
        rpn_batch_size_per_image=everything, box_batch_size_per_image=everything,
        box_roi_pool=MultiScaleRoIAlign(["0", "1", "2"], 7, 2, canonical_scale=56),
        box_head=TwoMLPHead(32 * 49, 32), box_predictor=FastRCNNPredictor(32, 4), num_classes=None)
    fill_by_formula(net)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if "cls_logits" in name or "bbox_pred" in name or "cls_score" in name:
                p.mul_(0.1)
    return net


def main():
    tensors = {}
    operators(tensors)
    net = model()
    x = 2 * by_formula((2, 3, 96, 128), 1000)
    x[1, :, 80:] = 0
    x[1, :, :, 112:] = 0
    images = ImageList(x, SIZES)
    targets = [{"boxes": torch.tensor(b).float(), "labels": torch.tensor(l)} for b, l in zip(BOXES, LABELS)]

    def losses():
        features = net.backbone(x)
        proposals, a = net.rpn(images, features, targets)
        _, b = net.roi_heads(features, proposals, SIZES, targets)
        return [a["loss_objectness"], a["loss_rpn_box_reg"], b["loss_classifier"], b["loss_box_reg"]]

    with torch.no_grad():
        net.eval()
        features = net.backbone(x)
        tensors["level0"], tensors["level3"] = features["0"], features["pool"]
        logits, offsets = net.rpn.head(list(features.values()))
        tensors["rpn_logits0"], tensors["rpn_offsets0"] = logits[0], offsets[0]
        proposals, _ = net.rpn(images, features)
        for i in range(2):
            tensors[f"proposals{i}"] = proposals[i]
        tensors["pooled"] = net.roi_heads.box_roi_pool(features, [torch.tensor(b).float() for b in BOXES], SIZES)
        for i, found in enumerate(net.roi_heads(features, proposals, SIZES)[0]):
            for key, value in found.items():
                tensors[f"found{i}.{key}"] = value
            print("found", len(found["boxes"]))
    net.train()
    with torch.no_grad():
        tensors["losses"] = torch.stack(losses())
        print("losses", tensors["losses"])
    optimizer = torch.optim.SGD(net.parameters(), lr=2e-3, momentum=0.9)
    trace = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = sum(losses())
        loss.backward()
        optimizer.step()
        trace.append(loss.item())
    print(trace)
    tensors["trace"] = torch.tensor(trace)
    write_safetensors("faster_rcnn", tensors, f"tools/golden/faster_rcnn.py, torchvision {torchvision.__version__}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
