"""The YOLOv8 detection and segmentation network, n to x, BatchNorm folded into the convolutions.

Own code so that these files work without the ultralytics package (AGPL, 32 dependencies), in any number of threads.

Layer numbers, names and shapes follow the public model description (yolov8.yaml, yolov8-seg.yaml), so that a state
dict fits as it is. All sizes are read from the weights: width, depth, classes, and whether the class branch is made
of full or of depthwise convolutions (as written by ultralytics 8.3.0).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

STRIDES = (8, 16, 32)
COARSEST = STRIDES[-1]


@dataclass(frozen=True)
class Architecture:
    """The sizes that tell one YOLOv8 from another."""

    stem: int
    widths: tuple[int, int, int, int]
    """Channels at strides 4, 8, 16 and 32."""
    depths: dict[int, int]
    """Bottlenecks of each C2f layer, by its number."""
    classes: int
    bins: int
    """Steps of the distribution that gives the distance to each side of a box."""
    box_width: int
    class_width: int
    depthwise: bool
    coefficients: int = 0
    """Mask coefficients of each object; 0 for a pure detection network."""
    coefficient_width: int = 0
    prototype_width: int = 0


class Conv(nn.Conv2d):
    """Convolution, folded BatchNorm, SiLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, groups=groups)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return F.silu(super().forward(input))


class Bottleneck(nn.Module):
    def __init__(self, width: int, shortcut: bool):
        super().__init__()
        self.cv1, self.cv2, self.shortcut = Conv(width, width, 3), Conv(width, width, 3), shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C2f(nn.Module):
    """Splits its input in two and adds the output of every bottleneck to what the last convolution sees."""

    def __init__(self, inputs: int, outputs: int, depth: int, shortcut: bool = False):
        super().__init__()
        half = outputs // 2
        self.cv1, self.cv2 = Conv(inputs, 2 * half), Conv((2 + depth) * half, outputs)
        self.m = nn.ModuleList(Bottleneck(half, shortcut) for _ in range(depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = list(self.cv1(x).chunk(2, 1))
        for bottleneck in self.m:
            parts.append(bottleneck(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class SPPF(nn.Module):
    """Spatial pyramid pooling: three 5 x 5 maximum filters in a row."""

    def __init__(self, width: int):
        super().__init__()
        self.cv1, self.cv2 = Conv(width, width // 2), Conv(width // 2 * 4, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [self.cv1(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        return self.cv2(torch.cat(parts, 1))


class Prototypes(nn.Module):
    """The images whose weighted sums are the masks, at stride 4."""

    def __init__(self, inputs: int, width: int, count: int):
        super().__init__()
        self.cv1, self.cv2, self.cv3 = Conv(inputs, width, 3), Conv(width, width, 3), Conv(width, count)
        self.upsample = nn.ConvTranspose2d(width, width, 2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cv3(self.cv2(self.upsample(self.cv1(x))))


def branch(inputs: int, width: int, outputs: int, depthwise: bool = False) -> nn.Sequential:
    """Two 3 x 3 convolutions and a linear one, for one of the three strides."""

    def conv(channels: int) -> nn.Module:
        if not depthwise:
            return Conv(channels, width, 3)
        return nn.Sequential(Conv(channels, channels, 3, groups=channels), Conv(channels, width))

    return nn.Sequential(conv(inputs), conv(width), nn.Conv2d(width, outputs, 1))


@dataclass(frozen=True, eq=False)
class Output:
    """What the network says of a batch, N anchor points each; float32."""

    boxes: torch.Tensor
    """[B, N, 4] x0, y0, x1, y1 in pixels of the network's input."""
    scores: torch.Tensor
    """[B, N, classes] in 0..1."""
    coefficients: torch.Tensor | None
    """[B, N, M]."""
    prototypes: torch.Tensor | None
    """[B, M, H / 4, W / 4]."""


class Head(nn.Module):
    """Boxes, class scores and mask coefficients for every anchor point of the three maps."""

    def __init__(self, a: Architecture):
        super().__init__()
        levels = a.widths[1:]
        self.bins = a.bins
        self.cv2 = nn.ModuleList(branch(n, a.box_width, 4 * a.bins) for n in levels)
        self.cv3 = nn.ModuleList(branch(n, a.class_width, a.classes, a.depthwise) for n in levels)
        self.cv4: nn.ModuleList | None = None
        self.proto: Prototypes | None = None
        if a.coefficients:
            self.cv4 = nn.ModuleList(branch(n, a.coefficient_width, a.coefficients) for n in levels)
            self.proto = Prototypes(levels[0], a.prototype_width, a.coefficients)

    def forward(self, levels: list[torch.Tensor]) -> Output:
        distances = [self._distances(conv(level)) for conv, level in zip(self.cv2, levels, strict=True)]
        boxes = torch.cat([_boxes(d, stride) for d, stride in zip(distances, STRIDES, strict=True)], 1)
        scores = _flat([conv(level) for conv, level in zip(self.cv3, levels, strict=True)]).sigmoid()
        if self.cv4 is None or self.proto is None:
            return Output(boxes, scores, None, None)
        coefficients = _flat([conv(level) for conv, level in zip(self.cv4, levels, strict=True)])
        return Output(boxes, scores, coefficients, self.proto(levels[0]).float())

    def _distances(self, x: torch.Tensor) -> torch.Tensor:
        """[B, 4 * bins, H, W] -> [B, 4, H, W]: the mean of each side's distribution (Generalized Focal Loss, eq. 5)."""
        steps = torch.arange(self.bins, dtype=torch.float32, device=x.device).view(-1, 1, 1)
        return (x.float().unflatten(1, (4, self.bins)).softmax(2) * steps).sum(2)


class YoloV8(nn.Module):
    def __init__(self, architecture: Architecture):
        super().__init__()
        stem, (w2, w3, w4, w5), depth = architecture.stem, architecture.widths, architecture.depths
        none = nn.Identity  # upsampling and concatenation, which hold no weights, are written out in `features`
        self.architecture = architecture
        self.model = nn.ModuleList(
            [
                Conv(3, stem, 3, 2),
                Conv(stem, w2, 3, 2),
                C2f(w2, w2, depth[2], shortcut=True),
                Conv(w2, w3, 3, 2),
                C2f(w3, w3, depth[4], shortcut=True),
                Conv(w3, w4, 3, 2),
                C2f(w4, w4, depth[6], shortcut=True),
                Conv(w4, w5, 3, 2),
                C2f(w5, w5, depth[8], shortcut=True),
                SPPF(w5),
                none(),
                none(),
                C2f(w5 + w4, w4, depth[12]),
                none(),
                none(),
                C2f(w4 + w3, w3, depth[15]),
                Conv(w3, w3, 3, 2),
                none(),
                C2f(w3 + w4, w4, depth[18]),
                Conv(w4, w4, 3, 2),
                none(),
                C2f(w4 + w5, w5, depth[21]),
                Head(architecture),
            ]
        )

    def forward(self, x: torch.Tensor) -> Output:
        """`x` [B, 3, H, W] in 0..1, H and W divisible by 32."""
        return self.model[22](self.features(x))

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The three maps, at strides 8, 16 and 32, that the head reads."""
        m = self.model
        p3 = m[4](m[3](m[2](m[1](m[0](x)))))
        p4 = m[6](m[5](p3))
        p5 = m[9](m[8](m[7](p4)))
        up4 = m[12](torch.cat([_doubled(p5), p4], 1))
        up3 = m[15](torch.cat([_doubled(up4), p3], 1))
        down4 = m[18](torch.cat([m[16](up3), up4], 1))
        down5 = m[21](torch.cat([m[19](down4), p5], 1))
        return [up3, down4, down5]


def _boxes(distances: torch.Tensor, stride: int) -> torch.Tensor:
    """Distances to the left, top, right and bottom of each cell's centre, in cells -> [B, H * W, 4] pixels."""
    height, width = distances.shape[2:]
    y = torch.arange(height, dtype=torch.float32, device=distances.device).view(-1, 1) + 0.5
    x = torch.arange(width, dtype=torch.float32, device=distances.device) + 0.5
    left, top, right, bottom = distances.unbind(1)
    return torch.stack([x - left, y - top, x + right, y + bottom], -1).flatten(1, 2) * stride


def _flat(maps: list[torch.Tensor]) -> torch.Tensor:
    """[B, C, H, W] of each stride -> [B, N, C], float32."""
    return torch.cat([m.flatten(2).transpose(1, 2) for m in maps], 1).float()


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
