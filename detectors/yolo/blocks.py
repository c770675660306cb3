"""The building blocks of the YOLO networks, each made to the sizes of its own weights.

Every block has one input and one output map and keeps the names that ultralytics gives its parts, so that a state dict
fits as it is. Its BatchNorm is folded into the convolutions before (build.py). Which block a layer is, the names and
shapes of its weights tell: `block_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class WeightTree:
    """The weights whose names begin with `prefix`, and what of their layer the weights do not tell."""

    tensors: Mapping[str, torch.Tensor]
    inner: frozenset[str]
    """The prefixes of all names."""
    prefix: str = ""
    shortcut: bool = True
    """Whether bottlenecks add their input to their output."""
    areas: int = 1
    """Horizontal bands of the map within which area attention stays."""

    @staticmethod
    def of(tensors: Mapping[str, torch.Tensor]) -> WeightTree:
        """All the weights of a state dict."""
        steps = (name.split(".") for name in tensors)
        return WeightTree(tensors, frozenset(".".join(path[:n]) for path in steps for n in range(1, len(path))))

    def __contains__(self, name: str) -> bool:
        return f"{self.prefix}{name}" in self.inner

    def sub(self, name: str) -> WeightTree:
        """The part of this one under `name`."""
        return replace(self, prefix=f"{self.prefix}{name}.")

    def items(self, name: str = "") -> list[WeightTree]:
        """The parts `name`.0, `name`.1, ... as many as there are; 0, 1, ... without a name."""
        start, found = f"{name}." if name else "", []
        while f"{start}{len(found)}" in self:
            found.append(self.sub(f"{start}{len(found)}"))
        return found

    def shape(self, name: str = "weight") -> tuple[int, ...]:
        """KeyError if there is no such tensor."""
        return tuple(self.tensors[f"{self.prefix}{name}"].shape)

    def conv(self, name: str, stride: int = 1, active: bool = True) -> Conv:
        """The convolution under `name`."""
        return Conv(self.sub(name), stride, active)


class Conv(nn.Conv2d):
    """Convolution, folded BatchNorm, and SiLU if `active`; depthwise where each kernel has a single channel."""

    def __init__(self, part: WeightTree, stride: int = 1, active: bool = True):
        outputs, inputs, kernel, _ = part.shape()
        groups = outputs if inputs == 1 else 1
        super().__init__(inputs * groups, outputs, kernel, stride, (kernel - 1) // 2, groups=groups)
        self.active = active

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        output = super().forward(input)
        return F.silu(output) if self.active else output


class Bottleneck(nn.Module):
    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv1, self.cv2 = part.conv("cv1"), part.conv("cv2")
        self.shortcut = part.shortcut and self.cv1.in_channels == self.cv2.out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C2f(nn.Module):
    """Splits its input in two and adds the output of every inner block to what the last convolution sees."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv1, self.cv2 = part.conv("cv1"), part.conv("cv2")
        self.m = nn.ModuleList(block_of(inner) for inner in part.items("m"))

    def split(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What the inner blocks start from; the first of them reads the last part."""
        return list(self.cv1(x).chunk(2, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = self.split(x)
        for inner in self.m:
            parts.append(inner(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class A2C2f(C2f):
    """C2f without the split, with area attention; `gamma` weighs what it adds to its input."""

    def __init__(self, part: WeightTree):
        super().__init__(part)
        self.gamma: nn.Parameter | None = None
        if f"{part.prefix}gamma" in part.tensors:
            self.gamma = nn.Parameter(torch.empty(part.shape("gamma")))

    def split(self, x: torch.Tensor) -> list[torch.Tensor]:
        """All of it."""
        return [self.cv1(x)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = super().forward(x)
        return y if self.gamma is None else x + self.gamma.view(-1, 1, 1) * y


class C3(nn.Module):
    """Two branches, one of them through bottlenecks."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv1, self.cv2, self.cv3 = (part.conv(f"cv{i}") for i in (1, 2, 3))
        self.m = nn.Sequential(*(Bottleneck(inner) for inner in part.items("m")))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cv3(torch.cat([self.m(self.cv1(x)), self.cv2(x)], 1))


class Elan(nn.Module):
    """RepNCSPELAN4 and ELAN1 of YOLOv9: a chain of two inner parts, all of whose steps the last convolution sees."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv1, self.cv4 = part.conv("cv1"), part.conv("cv4")
        self.cv2, self.cv3 = block_of(part.sub("cv2")), block_of(part.sub("cv3"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = list(self.cv1(x).chunk(2, 1))
        parts.append(self.cv2(parts[-1]))
        parts.append(self.cv3(parts[-1]))
        return self.cv4(torch.cat(parts, 1))


class SPPF(nn.Module):
    """Spatial pyramid pooling: three 5 x 5 maximum filters in a row. In YOLO26 `cv1` is linear and the input added."""

    def __init__(self, part: WeightTree, last: str = "cv2", residual: bool = False):
        super().__init__()
        self.cv1 = part.conv("cv1", active=not residual)
        self.last, self.residual = last, residual
        self.add_module(last, part.conv(last))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [self.cv1(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        y = self.get_submodule(self.last)(torch.cat(parts, 1))
        return x + y if self.residual else y


class AConv(nn.Module):
    """Halves the sides after averaging 2 x 2 pixels."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv1 = part.conv("cv1", 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cv1(F.avg_pool2d(x, 2, 1))


class ADown(nn.Module):
    """AConv for one half of the channels, a maximum filter for the other."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv1, self.cv2 = part.conv("cv1", 2), part.conv("cv2")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        averaged, largest = F.avg_pool2d(x, 2, 1).chunk(2, 1)
        return torch.cat([self.cv1(averaged), self.cv2(F.max_pool2d(largest, 3, 2, 1))], 1)


class Attention(nn.Module):
    """Self-attention over all cells of a map (Vaswani et al., 2017, eq. 1), and a convolution for where they lie."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.qkv, self.proj, self.pe = (part.conv(name, active=False) for name in ("qkv", "proj", "pe"))
        self.width = self.proj.in_channels
        self.heads = max(self.width // 64, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        key = (self.qkv.out_channels - self.width) // 2 // self.heads
        q, k, v = self.qkv(x).flatten(2).unflatten(1, (self.heads, -1)).split([key, key, self.width // self.heads], 2)
        y = _attended(q, k, v).reshape(x.shape)
        return self.proj(y + self.pe(v.reshape(x.shape)))


class AreaAttention(nn.Module):
    """Self-attention within each of a few horizontal bands (YOLOv12, Tian et al., 2025, section 3.2)."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.qkv, self.proj, self.pe = (part.conv(name, active=False) for name in ("qkv", "proj", "pe"))
        self.heads, self.areas = self.proj.in_channels // 32, part.areas

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bands = self.qkv(x).flatten(2).unflatten(1, (self.heads, -1)).unflatten(3, (self.areas, -1))
        q, k, v = bands.transpose(2, 3).chunk(3, 3)  # [B, heads, areas, channels, cells]
        y, v = (part.transpose(2, 3).reshape(x.shape) for part in (_attended(q, k, v), v))
        return self.proj(y + self.pe(v))


def _attended(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Means of the values [..., C, N], weighted by the likeness of queries and keys [..., K, N]."""
    weights = (q.transpose(-2, -1) @ k * q.shape[-2] ** -0.5).softmax(-1)
    return v @ weights.transpose(-2, -1)


class AttentionBlock(nn.Module):
    """Attention and two convolutions, each added to its input. The latter are called ffn in YOLO11, mlp in YOLO12."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.second = "mlp" if "mlp" in part else "ffn"
        self.attn = (AreaAttention if self.second == "mlp" else Attention)(part.sub("attn"))
        second = part.sub(self.second)
        self.add_module(self.second, nn.Sequential(second.conv("0"), second.conv("1", active=False)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(x)
        return x + self.get_submodule(self.second)(x)


class C2PSA(nn.Module):
    """Attention for one half of the channels."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv1, self.cv2 = part.conv("cv1"), part.conv("cv2")
        self.m = nn.Sequential(*(AttentionBlock(inner) for inner in part.items("m")))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        plain, attended = self.cv1(x).chunk(2, 1)
        return self.cv2(torch.cat([plain, self.m(attended)], 1))


def block_of(part: WeightTree) -> nn.Module:
    """The block that these weights belong to; KeyError if they are of none of the above."""
    if f"{part.prefix}weight" in part.tensors:
        return Conv(part)
    if "0" in part:
        return nn.Sequential(*(block_of(inner) for inner in part.items()))
    if "attn" in part:
        return AttentionBlock(part)
    if "cv5" in part:
        return SPPF(part, last="cv5")
    if "cv4" in part:
        return Elan(part)
    if "cv3" in part:
        return C3(part)
    if "m.0.attn" in part:
        return C2PSA(part)
    if "m" in part:
        width, depth = part.sub("cv1").shape()[0], len(part.items("m"))
        return A2C2f(part) if part.sub("cv2").shape()[1] == (1 + depth) * width else C2f(part)
    return _pair_of(part)


def _pair_of(part: WeightTree) -> nn.Module:
    """The block of one or two convolutions and nothing else."""
    if "cv2" not in part:
        return AConv(part)
    first, second = part.sub("cv1").shape(), part.sub("cv2").shape()
    if second[2] == 1 and second[1] == 4 * first[0]:
        return SPPF(part)
    return ADown(part) if second[2] == 1 and first[2] == 3 else Bottleneck(part)
