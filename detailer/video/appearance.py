"""What an object looks like, in a few hundred numbers: enough to tell it from the one beside it."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..box import Box
from ..resampling import with_all_functions

SIDE, SLACK = 16, 2
"""An object is kept as a picture of SIDE px; two are compared where they agree best within SLACK px of each other."""

HALF_ALIKE = 0.09
"""Mean difference (of 1) of colour and of texture at which two objects count as half alike."""


def signature(image: torch.Tensor, box: Box) -> torch.Tensor:
    """`box` of an [H, W, C] image as [4, SIDE, SIDE]: its colours, and its grey values less those around them."""
    pixels = with_all_functions(image[box.slices][..., :3]).float().movedim(-1, 0)[None]
    small = F.interpolate(pixels, (SIDE, SIDE), mode="bilinear", antialias=True)
    grey = small.mean(1, keepdim=True)
    texture = grey - F.avg_pool2d(grey, 5, stride=1, padding=2, count_include_pad=False)
    return torch.cat([small, 3 * texture], 1)[0]


def likeness(a: torch.Tensor, b: torch.Tensor) -> float:
    """0 (nothing in common) to 1 (the same) of two signatures; a detector's box is never quite in place."""
    inner = a[:, SLACK:-SLACK, SLACK:-SLACK]
    moved = b.unfold(1, inner.shape[1], 1).unfold(2, inner.shape[2], 1)  # [4, moves, moves, h, w]
    difference = (moved - inner[:, None, None]).abs().mean((0, 3, 4)).min()
    return 0.5 ** (float(difference) / HALF_ALIKE)
