"""The YOLO detection and segmentation networks: v5u, v8, v9, 11, 12 and 26, BatchNorm folded into the convolutions.

Own code so that these files work without the ultralytics package (AGPL, 32 dependencies), in any number of threads.

How the layers are wired follows the public model descriptions (yolov8.yaml, yolo11.yaml, ...); everything else, from
the kind of each block to its width, is read from the weights (blocks.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import SPPF, Conv, WeightTree, block_of

STRIDES = (8, 16, 32)
COARSEST = STRIDES[-1]


@dataclass(frozen=True)
class Wiring:
    """Which layers read what; all others read the one before them."""

    joined: dict[int, int]
    """Layers that put the output of an earlier layer behind that of the one before."""
    levels: tuple[int, int, int]
    """The layers that the head reads, at strides 8, 16 and 32."""
    doubled: tuple[int, int]
    """Layers that double the sides of the map."""
    plain_neck: bool = False
    """Whether the bottlenecks from the first doubling on add no input."""
    areas: tuple[int, ...] = ()
    """Layers whose attention stays within a quarter of the map."""


WIRINGS = {
    21: Wiring({10: 6, 13: 4, 16: 11, 19: 8}, (14, 17, 20), (9, 12), areas=(6,)),  # YOLO12
    22: Wiring({11: 6, 14: 4, 17: 12, 20: 9}, (15, 18, 21), (10, 13), plain_neck=True),  # YOLOv8, YOLOv9
    23: Wiring({12: 6, 15: 4, 18: 13, 21: 10}, (16, 19, 22), (11, 14)),  # YOLO11, YOLO26
    24: Wiring({12: 6, 16: 4, 19: 14, 22: 10}, (17, 20, 23), (11, 15), plain_neck=True),  # YOLOv5u
}
"""By the number of the head's layer."""

SPPF_LAYER, AREAS = 9, 4


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


class Prototypes(nn.Module):
    """The images whose weighted sums are the masks, at stride 4. YOLO26 makes them of all three maps."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv1, self.cv2, self.cv3 = (part.conv(f"cv{i}") for i in (1, 2, 3))
        inputs, width, *_ = part.sub("upsample").shape()
        self.upsample = nn.ConvTranspose2d(inputs, width, 2, 2)
        self.feat_refine = nn.ModuleList(Conv(level) for level in part.items("feat_refine"))
        self.feat_fuse = part.conv("feat_fuse") if "feat_fuse" in part else nn.Identity()

    def forward(self, levels: list[torch.Tensor]) -> torch.Tensor:
        """[N, C, h, w] features to [N, M, 2 h, 2 w] prototype masks."""
        x = levels[0]
        for conv, level, scale in zip(self.feat_refine, levels[1:], (2, 4), strict=False):
            x = x + F.interpolate(conv(level), scale_factor=float(scale), mode="nearest")
        return self.cv3(self.cv2(self.upsample(self.cv1(self.feat_fuse(x)))))


class DetectHead(nn.Module):
    """Boxes, class scores and mask coefficients for every anchor point of the three maps."""

    def __init__(self, part: WeightTree):
        super().__init__()
        self.cv2, self.cv3 = _branches(part, "cv2"), _branches(part, "cv3")
        self.cv4: nn.ModuleList | None = None
        self.proto: Prototypes | None = None
        if "proto" in part:
            self.cv4, self.proto = _branches(part, "cv4"), Prototypes(part.sub("proto"))
        self.bins = part.sub("cv2.0.2").shape()[0] // 4
        """Steps of the distribution that gives the distance to each side of a box; 1 where it is given itself."""
        self.classes = part.sub("cv3.0.2").shape()[0]

    def forward(self, levels: list[torch.Tensor]) -> Output:
        distances = [self._distances(conv(level)) for conv, level in zip(self.cv2, levels, strict=True)]
        boxes = torch.cat([_boxes(d, stride) for d, stride in zip(distances, STRIDES, strict=True)], 1)
        scores = _flat([conv(level) for conv, level in zip(self.cv3, levels, strict=True)]).sigmoid()
        if self.cv4 is None or self.proto is None:
            return Output(boxes, scores, None, None)
        coefficients = _flat([conv(level) for conv, level in zip(self.cv4, levels, strict=True)])
        return Output(boxes, scores, coefficients, self.proto(levels).float())

    def _distances(self, x: torch.Tensor) -> torch.Tensor:
        """[B, 4 * bins, H, W] -> [B, 4, H, W]: the mean of each side's distribution (Generalized Focal Loss, eq. 5)."""
        if self.bins == 1:
            return x.float()
        steps = torch.arange(self.bins, dtype=torch.float32, device=x.device).view(-1, 1, 1)
        return (x.float().unflatten(1, (4, self.bins)).softmax(2) * steps).sum(2)


def _branches(part: WeightTree, name: str) -> nn.ModuleList:
    """For each of the three strides: convolutions, the last of them linear."""
    found = nn.ModuleList()
    for branch in part.items(name):
        *inner, last = branch.items()
        found.append(nn.Sequential(*(block_of(conv) for conv in inner), Conv(last, active=False)))
    return found


class Yolo(nn.Module):
    """The network of the weights in `part`; KeyError, IndexError or ValueError if they are of none of those above."""

    def __init__(self, part: WeightTree, single: bool = False):
        super().__init__()
        self.single = single
        """Whether it gives every object one box by itself."""
        head = max(int(path.split(".")[1]) for path in part.inner if path.startswith("model."))
        self.wiring = WIRINGS[head]
        self.model = nn.ModuleList(self._layer(part.sub(f"model.{i}"), i) for i in range(head))
        self.model.append(DetectHead(part.sub(f"model.{head}")))
        if self.head.bins == 1:  # YOLO26
            self.model[SPPF_LAYER] = SPPF(part.sub(f"model.{SPPF_LAYER}"), residual=True)

    @property
    def masks(self) -> bool:
        """Whether its objects have masks."""
        return self.head.proto is not None

    @property
    def head(self) -> DetectHead:
        """The last layer, which makes boxes and scores."""
        head = self.model[-1]
        assert isinstance(head, DetectHead)
        return head

    def _layer(self, part: WeightTree, i: int) -> nn.Module:
        if i in self.wiring.doubled:
            return nn.Upsample(scale_factor=2.0)
        if i in self.wiring.joined:
            return nn.Identity()
        if f"{part.prefix}weight" in part.tensors:
            return Conv(part, stride=2 if part.shape()[2] > 1 else 1)
        rep = "cv4" in part  # YOLOv9 shares its wiring with YOLOv8, but not this
        shortcut = rep or not self.wiring.plain_neck or i < self.wiring.doubled[0]
        return block_of(replace(part, shortcut=shortcut, areas=AREAS if i in self.wiring.areas else 1))

    def forward(self, x: torch.Tensor) -> Output:
        """`x` [B, 3, H, W] in 0..1, H and W divisible by 32."""
        return self.head(self.features(x))

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The three maps, at strides 8, 16 and 32, that the head reads."""
        maps: list[torch.Tensor] = []
        for i, layer in enumerate(self.model[:-1]):
            x = torch.cat([x, maps[self.wiring.joined[i]]], 1) if i in self.wiring.joined else layer(x)
            maps.append(x)
        return [maps[level] for level in self.wiring.levels]


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
