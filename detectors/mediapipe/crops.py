"""Rotated square crops of a batch of images, and networks run on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .graph import GraphNet

CROPS_AT_A_TIME = 16  # bounds the memory of a long video to a few hundred MB


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
    for start in range(0, len(rois), CROPS_AT_A_TIME):
        crops = crop(images, rois[start : start + CROPS_AT_A_TIME], net.size, black)
        parts.append([output.cpu() for output in net(crops.mul_(span).add_(1 - span))])
    return [torch.cat(output) for output in zip(*parts, strict=True)]


def crop(images: torch.Tensor, rois: Sequence[Roi], size: int, black: bool) -> torch.Tensor:
    """[N, 3, size, size] bilinear samples of [B, H, W, 3] images, float32, where the images are.

    Sample i of a row lies i / size of the side from the left border, in pixel index coordinates: the networks were
    trained on crops of `cv2.warpPerspective`, which maps top left pixel to top left pixel and does not antialias.
    """
    height, width = images.shape[1:3]
    frame, centre_x, centre_y, side, angle = torch.tensor(rois, device=images.device).mT[:, :, None, None]  # [N, 1, 1]
    step = torch.arange(size, device=images.device) / size - 0.5
    u, v = step, step[:, None]
    x, y = u, v  # as long as no square is turned, a column has one x and a row one y
    if angle.any():
        x = u * angle.cos() - v * angle.sin()  # [N, size, size]
        y = u * angle.sin() + v * angle.cos()
    columns = neighbours(centre_x + side * x, width, black)
    rows = neighbours(centre_y + side * y, height, black)
    corners = [(row, column, above * left) for row, above in rows for column, left in columns]
    return weighted_sum(images, frame.long(), corners).movedim(-1, 1)


def neighbours(position: torch.Tensor, length: int, black: bool) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Index and weight of the two pixels next to each position on an axis of `length` pixels."""
    found = []
    for index in (first := position.floor(), first + 1):
        weight = 1 - (position - index).abs()
        if black:
            weight = weight * ((index >= 0) & (index < length))
        found.append((index.clamp(0, length - 1).long(), weight))
    return found


Corner = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def weighted_sum(images: torch.Tensor, frame: torch.Tensor, corners: Sequence[Corner]) -> torch.Tensor:
    """[N, size, size, 3]: the sum over (row, column, weight) of the pixels there in `frame`, all of [N, size, size]."""
    steps = pixel_steps(images)
    if steps is None:
        parts = (images[frame, row, column].float() * weight[..., None] for row, column, weight in corners)
        return sum(parts, torch.zeros((), device=images.device))
    # One operation reads and adds all pixels: several times as quick as indexing.
    by_frame, by_row, by_column, pixels = steps
    weights = torch.stack([weight for _, _, weight in corners], -1)
    places = torch.stack([frame * by_frame + row * by_row + column * by_column for row, column, _ in corners], -1)
    sums = F.embedding_bag(places.flatten(0, -2), pixels, per_sample_weights=weights.flatten(0, -2), mode="sum")
    return sums.unflatten(0, places.shape[:-1])


def pixel_steps(images: torch.Tensor) -> tuple[int, int, int, torch.Tensor] | None:
    """Where a pixel is found in a view of [B, H, W, 3] images as a list of pixels: steps per image, row and column.

    None if the images cannot be seen so: they are no float32, or their memory is in another order.
    """
    *strides, channel = images.stride()
    if images.dtype != torch.float32 or channel != 1 or any(stride % 3 for stride in strides):
        return None
    *sizes, _ = images.shape
    last = sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    by_frame, by_row, by_column = (stride // 3 for stride in strides)
    return by_frame, by_row, by_column, images.as_strided((last // 3 + 1, 3), (3, 1))
