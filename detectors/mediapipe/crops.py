"""Rotated square crops of a batch of images, and networks run on them."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .graph import GraphNet

CROPS_AT_A_TIME = 16  # bounds the memory of a long video to a few hundred MB
CROPS_AT_A_TIME_ON_CPU = 4  # what a network makes of more does not stay in the caches from step to step

STEPS = 32  # to which a pixel's width is rounded
HALF = 0.5 + 1e-6  # so that a position exactly between two steps goes up in spite of its rounding error


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
    at_a_time = CROPS_AT_A_TIME_ON_CPU if next(net.parameters()).is_cpu else CROPS_AT_A_TIME
    for start in range(0, len(rois), at_a_time):
        crops = crop(images, rois[start : start + at_a_time], net.size, black)
        parts.append([output.cpu() for output in net(crops.mul_(span).add_(1 - span))])
    return [torch.cat(output) for output in zip(*parts, strict=True)]


def crop(images: torch.Tensor, rois: Sequence[Roi], size: int, black: bool) -> torch.Tensor:
    """[N, 3, size, size] bilinear samples of [B, H, W, 3] images in 0..1, float32, in steps of 1 / 255.

    Sample i of a row lies i / size of the side from the left border, in pixel index coordinates: the networks were
    trained on 8-bit crops of `cv2.warpPerspective`, which maps top left pixel to top left pixel and does not antialias.
    It rounds positions to 1 / 32 pixel and the result to 8 bits, halves upwards, and so do we: a network's answer
    depends on it by up to 0.01 in the score and several pixels in a landmark.
    """
    height, width, channels = images.shape[1:]
    samples = []
    for roi in rois:
        places, weights = corners(roi._replace(frame=0), size, height, width, black)
        pixels = images[roi.frame].reshape(-1, channels).float()
        if not pixels.is_cuda:
            pixels = pixels.cpu()  # the only other device on which every release of PyTorch has embedding_bag
        places, weights = places.to(pixels.device), weights.to(pixels)
        samples.append(F.embedding_bag(places, pixels, mode="sum", per_sample_weights=weights))
    half = 0.5 + 0.5 / STEPS**2  # what is exactly between two levels may have come out a little lower
    levels = torch.cat(samples).mul_(255).add_(half).floor_().div_(255)
    return levels.unflatten(0, (len(rois), size, size)).movedim(-1, 1)


@functools.lru_cache(maxsize=2)  # the whole of an image is the same in all images of a batch
def corners(roi: Roi, size: int, height: int, width: int, black: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """[size * size, 4] indices of the pixels around each sample in an image read row by row, and their weights."""
    steps = torch.arange(size, dtype=torch.float64) * (roi.side / size)
    cos, sin = math.cos(roi.angle), math.sin(roi.angle)
    x = roi.x - roi.side / 2 * (cos - sin) + cos * steps
    y = roi.y - roi.side / 2 * (cos + sin) + cos * steps[:, None]
    if sin:  # else a row and a column hold all positions
        x, y = x - sin * steps[:, None], y + sin * steps
    left, right, left_weight, right_weight = neighbours(x, width, black)
    upper, lower, upper_weight, lower_weight = neighbours(y, height, black)
    upper, lower = upper * width, lower * width
    places = torch.stack([upper + left, upper + right, lower + left, lower + right], -1)
    weights = [row * column for row in (upper_weight, lower_weight) for column in (left_weight, right_weight)]
    return places.view(-1, 4), torch.stack(weights, -1).view(-1, 4)


def neighbours(positions: torch.Tensor, length: int, black: bool) -> Sequence[torch.Tensor]:
    """Indices of the pixels before and after each of the positions in a row of `length`, and their weights."""
    fine = (positions * STEPS + HALF).floor().int()
    before = fine.div(STEPS, rounding_mode="floor")
    share = (fine - before * STEPS).float() / STEPS
    pairs = []
    for pixel, weight in (before, 1 - share), (before + 1, share):
        inside = pixel.clamp(0, length - 1)
        pairs.append((inside, weight * (inside == pixel) if black else weight))
    (first, first_weight), (second, second_weight) = pairs
    return first, second, first_weight, second_weight
