"""Windows and masks that move with an object's pixels and not with the detector's trembling."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F

from ..box import Box
from ..detection import Detection
from ..mask import MaskPatch
from ..region import Region, Regions
from ..resolution import slid_inside
from ..turn import box_around
from .motion import motions

SIGMA, RADIUS = 5.0, 13
"""Of the Gaussian over time, in frames: what lies further off has no part, so a clip can be cut up anywhere else."""


def steadied(regions: Regions, tracks: Mapping[Detection, int], images: torch.Tensor) -> Regions:
    """The same regions of [B, H, W, C] images with masks and windows that are smoothed along each track.

    All windows of a track have one size, the largest that one of its frames needs, so that the same noise lies in
    the same place of each. A region of several objects follows the first of them. The result has still to be fitted
    to a model, by `refitted`.
    """
    found: dict[int, list[int]] = {}
    for place, region in enumerate(regions.items):
        found.setdefault(tracks[region.members[0]], []).append(place)
    items = list(regions.items)
    for places in found.values():
        steady = _steady([items[place] for place in places], regions.image, images)
        for place, region in zip(places, steady, strict=True):
            items[place] = region
    return replace(regions, items=tuple(items), model=None)


def _steady(track: Sequence[Region], image: Box, images: torch.Tensor) -> list[Region]:
    boxes = _smoothed(track, images)
    alphas = [_moved(region.alpha, box, image) for region, box in zip(track, boxes, strict=True)]
    margins = [_margin(region) for region in track]
    turns = _turns(track)
    boxes = [box_around(alpha, turn) for alpha, turn in zip(alphas, turns, strict=True)]
    width = max(box.width + 2 * margin for box, margin in zip(boxes, margins, strict=True))
    height = max(box.height + 2 * margin for box, margin in zip(boxes, margins, strict=True))
    moved = [
        replace(region, alpha=alpha, turn=turn, padded=_around(box, width, height))
        for region, alpha, turn, box in zip(track, alphas, turns, boxes, strict=True)
    ]
    return [replace(region, padded=slid_inside(region.padded, region.limits(image))) for region in moved]


def _margin(region: Region) -> int:
    """The padding the user asked for, which the image's edge may have moved but not made smaller."""
    own = box_around(region.alpha, region.turn)
    return max(region.padded.width - own.width, region.padded.height - own.height) // 2


def _turns(track: Sequence[Region]) -> list[float]:
    """Of each frame in degrees; one that follows the object's roll where it is turned in any, so that none jumps."""
    if not any(region.turn for region in track):
        return [0.0] * len(track)
    rolls = torch.tensor([math.radians(region.members[0].roll or 0.0) for region in track], dtype=torch.float64)
    directions = torch.stack([rolls.sin(), rolls.cos()], 1)
    means = (weight @ directions for _, weight in _weights(track))
    return [math.degrees(math.atan2(float(sin), float(cos))) for sin, cos in means]


def _smoothed(track: Sequence[Region], images: torch.Tensor) -> list[Box]:
    """Each mask's box, which moves as the object's pixels do; only its place on the object is smoothed."""
    edges = torch.tensor([list(region.alpha.box) for region in track], dtype=torch.float64)
    path = _path(track, images, edges).repeat(1, 2)
    smooth = _regressed(track, edges - path) + path
    return [Box(*(round(edge) for edge in box)) for box in smooth.tolist()]


def _path(track: Sequence[Region], images: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
    """How the object goes, [frames, 2] in pixels; where its own pixels do not tell, as its boxes do on the whole."""
    frames, boxes = zip(*((region.image_index, region.alpha.box) for region in track), strict=True)
    expected = _regressed(track, (edges[:, :2] + edges[:, 2:]) / 2).diff(dim=0, prepend=edges[:1, :2])
    steps = [seen or step for seen, step in zip(motions(images, frames, boxes), expected.tolist(), strict=True)]
    return torch.tensor(steps, dtype=torch.float64).cumsum(0)


def _regressed(track: Sequence[Region], values: torch.Tensor) -> torch.Tensor:
    """`values` [frames, N] by local linear regression over time (Cleveland 1979): no lag where they drift."""
    rows = []
    for since, weight in _weights(track):
        mean, center = weight @ values, weight @ since
        spread = weight @ (since - center) ** 2
        slope = (weight * (since - center)) @ values / spread if spread > 0 else torch.zeros_like(mean)
        rows.append(mean - slope * center)
    return torch.stack(rows)


def _weights(track: Sequence[Region]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """For each frame how far off all of them are, and their weights in its mean: both [frames]."""
    frames = torch.tensor([float(region.image_index) for region in track], dtype=torch.float64)
    for now in frames:
        since = frames - now
        weight = torch.exp(-0.5 * (since / SIGMA) ** 2) * (since.abs() <= RADIUS)
        yield since, weight / weight.sum()


def _moved(alpha: MaskPatch, box: Box, image: Box) -> MaskPatch:
    """The mask over another box of nearly its size, cut to the image."""
    values = alpha.values
    if (box.height, box.width) != tuple(values.shape):
        values = F.interpolate(values[None, None], (box.height, box.width), mode="bilinear", antialias=True)[0, 0]
    inside = box.intersection(image)
    return MaskPatch(inside, MaskPatch(box, values).on(inside))


def _around(box: Box, width: int, height: int) -> Box:
    x0, y0 = (box.x0 + box.x1 - width) // 2, (box.y0 + box.y1 - height) // 2
    return Box(x0, y0, x0 + width, y0 + height)
