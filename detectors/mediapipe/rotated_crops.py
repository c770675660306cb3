"""Rotated square crops of a batch of images, and networks run on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .graph import GraphNet

CROPS_AT_A_TIME = 16  # bounds the memory of a long video to a few hundred MB
CROPS_AT_A_TIME_PER_CORE = 4  # what a network makes of more does not stay in its caches from step to step

STEPS = 32  # to which a pixel's width is rounded
HALF_STEP = 0.5 + 1e-6  # a position exactly between two steps goes up in spite of its rounding error
HALF_LEVEL = 0.5 + 0.5 / STEPS**2  # so does a value between two levels; others lie 1 / STEPS**2 from there or more


class Roi(NamedTuple):
    """A square in one image of a batch: centre and side in pixels, `angle` in radians, clockwise on the screen."""

    frame: int
    x: float
    y: float
    side: float
    angle: float = 0.0


def run_on_crops(
    net: GraphNet, images: torch.Tensor, rois: Sequence[Roi], span: float, black: bool
) -> list[torch.Tensor]:
    """The outputs of `net`, on the CPU, for the `rois` of [B, H, W, 3] images whose 0..1 is stretched to 1 - span..1.

    Outside the image lies black (`black`) or the continued edge. Only pixels of the crops are read.
    """
    parts = []
    at_a_time = CROPS_AT_A_TIME
    if next(net.parameters()).is_cpu:
        at_a_time = min(at_a_time, CROPS_AT_A_TIME_PER_CORE * torch.get_num_threads())
    for start in range(0, len(rois), at_a_time):
        crops = crop(images, rois[start : start + at_a_time], net.size, black)
        parts.append([output.cpu() for output in net(crops.mul_(span).add_(1 - span))])
    return [torch.cat(output) for output in zip(*parts, strict=True)]


def crop(images: torch.Tensor, rois: Sequence[Roi], size: int, black: bool) -> torch.Tensor:
    """[N, 3, size, size] bilinear samples of [B, H, W, 3] images in 0..1, float32, in steps of 1 / 255.

    Sample i of a row lies i / size of the side from the left border, in pixel index coordinates: the networks were
    trained on 8-bit crops of `cv2.warpPerspective`, which maps top left pixel to top left pixel and does not antialias.
    The release inside MediaPipe rounds positions to 1 / 32 pixel and the result to 8 bits, halves upwards, and so do
    we: a network's answer depends on it by up to 0.01 in the score and several pixels in a landmark.
    """
    outside = "zeros" if black else "border"
    samples = []
    for roi in rois:
        grid = _sampling_grid(roi, size, *images.shape[1:3]).to(images.device)
        frame = images[roi.frame, None].movedim(-1, 1).float()
        samples.append(F.grid_sample(frame, grid[None], "bilinear", outside, align_corners=False))
    return torch.cat(samples).mul_(255).add_(HALF_LEVEL).floor_().div_(255)


def _sampling_grid(roi: Roi, size: int, height: int, width: int) -> torch.Tensor:
    """[size, size, 2] positions x, y of the samples in an image, in the coordinates of grid_sample.

    These run from -1 to 1 between the outer borders of the outer pixels: of n pixels, the one of index i is at
    (2 i + 1) / n - 1.
    """
    steps = torch.arange(size, dtype=torch.float64) * (roi.side / size)
    cos, sin = math.cos(roi.angle), math.sin(roi.angle)
    x = roi.x - roi.side / 2 * (cos - sin) + cos * steps
    y = roi.y - roi.side / 2 * (cos + sin) + cos * steps[:, None]
    if sin:  # else a row and a column hold all positions
        x, y = x - sin * steps[:, None], y + sin * steps
    grid = torch.empty(size, size, 2)
    grid[..., 0] = (2 * _rounded(x) + 1) / width - 1
    grid[..., 1] = (2 * _rounded(y) + 1) / height - 1
    return grid


def _rounded(positions: torch.Tensor) -> torch.Tensor:
    """To the nearest of the STEPS positions in a pixel, halves up."""
    return (positions * STEPS + HALF_STEP).floor_() / STEPS
