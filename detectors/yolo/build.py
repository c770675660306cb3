"""Weights -> network: finds the sizes, folds BatchNorm, and fits every tensor strictly or refuses the file."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from .errors import CheckpointError, OtherArchitecture
from .network import Architecture, YoloV8
from .weights import Weights

BATCH_NORM_EPS = 1e-3
"""What every ultralytics model uses instead of PyTorch's default."""

MAX_ELEMENTS = 200_000_000
"""YOLOv8x-seg has 72 million; a file put into the wrong folder may have thousands of millions."""

NORM = ("weight", "bias", "running_mean", "running_var")


def build(weights: Weights) -> YoloV8:
    """The network on the CPU in float32, ready to run. OtherArchitecture if one tensor is missing, odd or too many."""
    if sum(tensor.numel() for tensor in weights.tensors.values()) > MAX_ELEMENTS:
        raise OtherArchitecture(weights.path, "is larger than any YOLOv8")
    try:
        tensors = folded(weights.tensors)
        with torch.device("meta"):  # shapes only: whatever sizes the file claims, no memory is taken for them
            network = YoloV8(architecture_of(tensors))
        network.load_state_dict(tensors, strict=True, assign=True)
    except (KeyError, IndexError, ValueError, RuntimeError):
        raise OtherArchitecture(weights.path, "holds no YOLOv8 detection or segmentation network") from None
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise CheckpointError(weights.path, "is damaged: it holds numbers that are not finite")
    return network.eval().requires_grad_(False)


def labels(weights: Weights, count: int) -> tuple[str, ...]:
    """The class names, by index; a class without a name is called by its number."""
    return tuple(weights.labels.get(i, f"class {i}") for i in range(count))


def architecture_of(tensors: Mapping[str, torch.Tensor]) -> Architecture:
    """The sizes in a folded state dict; KeyError or IndexError if it is no YOLOv8."""

    def outputs(name: str) -> int:
        return tensors[f"model.{name}.weight"].shape[0]

    def depth(layer: int) -> int:
        return sum(f"model.{layer}.m.{i}.cv1.weight" in tensors for i in range(64))

    depthwise = "model.22.cv3.0.0.1.weight" in tensors
    segments = "model.22.proto.cv1.weight" in tensors
    return Architecture(
        stem=outputs("0"),
        widths=(outputs("1"), outputs("3"), outputs("5"), outputs("7")),
        depths={layer: depth(layer) for layer in (2, 4, 6, 8, 12, 15, 18, 21)},
        classes=outputs("22.cv3.0.2"),
        bins=outputs("22.cv2.0.2") // 4,
        box_width=outputs("22.cv2.0.0"),
        class_width=outputs("22.cv3.0.0.1" if depthwise else "22.cv3.0.0"),
        depthwise=depthwise,
        coefficients=outputs("22.cv4.0.2") if segments else 0,
        coefficient_width=outputs("22.cv4.0.0") if segments else 0,
        prototype_width=outputs("22.proto.cv1") if segments else 0,
    )


def folded(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state dict in float32, each BatchNorm multiplied into the convolution before it.

    w' = w * g / sqrt(var + eps), b' = b - mean * g / sqrt(var + eps); `X.conv.weight` becomes `X.weight`.
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
        elif ".bn." not in name and name != "model.22.dfl.conv.weight":  # the latter is 0, 1, 2, ...
            # A copy: tensors of a .safetensors file may be views of the file itself.
            result[name.replace(".conv.", ".")] = tensor.to(torch.float32, copy=True)
    if not all(tensor.numel() for tensor in result.values()):
        raise ValueError("a tensor without elements")
    return result
