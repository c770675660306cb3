"""Weights -> network: folds BatchNorm, finds the sizes, and fits every tensor strictly or refuses the file."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F

from .blocks import WeightTree
from .checkpoint import Weights
from .checkpoint_errors import CheckpointError, OtherArchitecture
from .network import COARSEST, Yolo

BATCH_NORM_EPS = 1e-3
"""What every ultralytics model uses instead of PyTorch's default."""

MAX_ELEMENTS = 200_000_000
"""YOLOv8x-seg has 72 million; a file put into the wrong folder may have thousands of millions."""

NORM = ("weight", "bias", "running_mean", "running_var")

UNUSED = re.compile(r"model\.\d+\.(dfl|proto\.semseg)\.")
"""The steps 0, 1, 2, ... of the box distribution, and what only training reads."""

BOXES = re.compile(r"model\.\d+\.cv2\.0\.2\.weight")
POINTS = re.compile(r"(model\.\d+\.cv4\.)\d\.2\.weight")
"""Of a pose, or of masks; of an oriented box it is one number, the angle."""

SINGLE = "one2one_"
"""In front of those branches of a YOLO26 head that give every object a single box. ultralytics reads the others."""


def build(weights: Weights) -> Yolo:
    """The network on the CPU in float32, ready to run. OtherArchitecture if one tensor is missing, odd or too many."""
    if sum(tensor.numel() for tensor in weights.tensors.values()) > MAX_ELEMENTS:
        raise OtherArchitecture(weights.path, "is larger than any YOLO")
    try:
        tensors = folded(_used(weights.tensors))
        with torch.device("meta"):  # shapes only: whatever sizes the file claims, no memory is taken for them
            network = Yolo(WeightTree.of(tensors), single=not any(map(BOXES.match, weights.tensors)))
            network(torch.empty(1, 3, COARSEST, COARSEST))
        network.load_state_dict(tensors, strict=True, assign=True)
    except (KeyError, IndexError, ValueError, RuntimeError):
        raise OtherArchitecture(weights.path, weights.kind) from None
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise CheckpointError(weights.path, "is damaged: it holds numbers that are not finite")
    return network.eval().requires_grad_(False)


def labels(weights: Weights, count: int) -> tuple[str, ...]:
    """The class names, by index; a class without a name is called by its number."""
    return tuple(weights.labels.get(i, f"class {i}") for i in range(count))


def _used(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state dict without what boxes and masks do not need."""
    used = {name: tensor for name, tensor in tensors.items() if not UNUSED.match(name)}
    plain = {name: tensor for name, tensor in used.items() if SINGLE not in name}
    if any(BOXES.match(name) for name in plain):
        used = plain
    else:
        used = {name.replace(SINGLE, ""): tensor for name, tensor in used.items()}
    points = {m[1] for name, tensor in used.items() if (m := POINTS.match(name)) and len(tensor) > 1}
    masks = any(".proto." in name for name in used)
    return {name: t for name, t in used.items() if masks or not name.startswith(tuple(points))}


def folded(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state dict in float32, each BatchNorm multiplied into the convolution before it.

    w' = w * g / sqrt(var + eps), b' = b - mean * g / sqrt(var + eps); `X.conv.weight` becomes `X.weight`. The two
    parallel convolutions of a RepConv, 3 x 3 and 1 x 1, become one (RepVGG, Ding et al., 2021, section 3.3).
    """
    result: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        layer = name.removesuffix(".conv.weight")
        if layer != name and f"{layer}.bn.weight" in tensors:
            norm = [tensors[f"{layer}.bn.{part}"].float() for part in NORM]
            if any(part.shape != tensor.shape[:1] for part in norm):
                raise ValueError("BatchNorm and convolution differ in width")
            gamma, beta, mean, var = norm
            scale = gamma / (var + BATCH_NORM_EPS).sqrt()
            result[f"{layer}.weight"] = tensor.float() * scale.view(-1, 1, 1, 1)
            result[f"{layer}.bias"] = beta - mean * scale
        elif ".bn." not in name:
            # A copy: tensors of a .safetensors file may be views of the file itself.
            result[name.replace(".conv.", ".")] = tensor.to(torch.float32, copy=True)
    for pair in [name.removesuffix(".conv2.weight") for name in result if name.endswith(".conv2.weight")]:
        point = F.pad(result.pop(f"{pair}.conv2.weight"), (1, 1, 1, 1))
        result[f"{pair}.weight"] = result.pop(f"{pair}.conv1.weight") + point
        result[f"{pair}.bias"] = result.pop(f"{pair}.conv1.bias") + result.pop(f"{pair}.conv2.bias")
    if not all(tensor.numel() for tensor in result.values()):
        raise ValueError("a tensor without elements")
    return result
