"""Rotated square crops of a batch of images, and networks run on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .graph import GraphNet

CROPS_AT_A_TIME = 16  # bounds the memory of a long video to a few hundred MB
CROPS_AT_A_TIME_ON_CPU = 4  # what a network makes of more does not stay in the caches from step to step


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
    """[N, 3, size, size] bilinear samples of [B, H, W, 3] images, float32, where the images are.

    Sample i of a row lies i / size of the side from the left border, in pixel index coordinates: the networks were
    trained on crops of `cv2.warpPerspective`, which maps top left pixel to top left pixel and does not antialias.
    """
    middles = (2 * torch.arange(size) + 1) / size - 1
    places_in_crop = torch.stack([middles.repeat(size), middles.repeat_interleave(size), torch.ones(size**2)])
    # F.affine_grid gives the same in three times the time.
    grid = (sampling(rois, size, *images.shape[1:3]) @ places_in_crop).unflatten(-1, (size, size)).movedim(1, -1)
    outside = "zeros" if black else "border"
    samples = [
        F.grid_sample(images[roi.frame, None].movedim(-1, 1).float(), places[None], "bilinear", outside, False)
        for roi, places in zip(rois, grid.to(images.device), strict=True)
    ]
    return torch.cat(samples)


def sampling(rois: Sequence[Roi], size: int, height: int, width: int) -> torch.Tensor:
    """[N, 2, 3] affine maps from a crop to its image, both in the coordinates of grid_sample.

    These run from -1 to 1 between the outer borders of the outer pixels: of n pixels, the one of index i is at
    (2 i + 1) / n - 1.
    """
    _, x, y, side, angle = torch.tensor(rois, dtype=torch.float64).T  # [N]
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], -1).unflatten(-1, (2, 2))
    turned = turn * side[:, None, None]
    first = torch.stack([x, y], -1) - turned.sum(-1) / (2 * size)  # half a sample towards the top left
    scale = torch.tensor([width, height], dtype=torch.float64)
    return (torch.cat([turned, 2 * first[..., None] + 1], -1) / scale[:, None] - torch.eye(3)[2]).float()
