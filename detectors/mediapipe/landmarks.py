"""Landmark networks: the points of one face or hand in a rotated square crop around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ...detailer.detection import Extent
from .blaze import Proposal
from .crops import Roi, run_on_crops
from .graph import GraphNet
from .outlines import extent_of

PRESENCE = 0.5
SAME_OBJECT, SAME_PROPOSAL = 0.5, 0.8  # share of the smaller extent that lies inside the larger


@dataclass(frozen=True, eq=False)
class Shape:
    """The landmarks of one object: [L, 2] x, y in pixels of its image, and the score of the proposal behind it."""

    points: np.ndarray
    score: float

    @property
    def extent(self) -> Extent:
        """The smallest rectangle around the points, in image pixels."""
        return extent_of([self.points])


class LandmarkNet:
    """A network with the outputs [N, 3 * L], x, y, z in pixels of the crop, and [N, 1], presence; others are ignored.

    `roi` gives the crop in which the network expects the object of a proposal.
    """

    def __init__(self, path: Path, roi: Callable[[Proposal], Roi], presence_is_logit: bool):
        self.net = GraphNet(path)
        self.roi = roi
        self.presence_is_logit = presence_is_logit

    def find(self, images: torch.Tensor, proposals: Sequence[Proposal]) -> list[list[Shape]]:
        """The objects that are really there in each of [B, H, W, 3] images, each once, best score first."""
        shapes: list[list[Shape]] = [[] for _ in images]
        shown: list[Proposal] = []
        rest = sorted(proposals, key=lambda proposal: -proposal.score)
        while rest := [proposal for proposal in rest if not any(alike(proposal, other) for other in shown)]:
            first, rest = first_of_alike(rest)
            points, presence = self.locate(images, [self.roi(proposal) for proposal in first])
            for proposal, there, outline in zip(first, presence, points, strict=True):
                if there >= PRESENCE:
                    shapes[proposal.frame].append(Shape(outline, proposal.score))
                    shown.append(proposal)
        return [without_repeats(frame) for frame in shapes]

    def locate(self, images: torch.Tensor, rois: Sequence[Roi]) -> tuple[Sequence[np.ndarray], Sequence[float]]:
        """[L, 2] points in image pixels, and presence in 0..1, for each of the `rois` in [B, H, W, 3] images."""
        if not rois:
            return [], []
        rows, presence, *_ = run_on_crops(self.net, images, rois, span=1, black=False)
        if self.presence_is_logit:
            presence = presence.sigmoid()
        u, v = (rows.unflatten(1, (-1, 3)).double() / self.net.size - 0.5).unbind(-1)[:2]  # [N, L]
        _, x, y, side, angle = torch.tensor(rois, dtype=torch.float64).mT[..., None]  # [N, 1]
        x = x + side * (u * angle.cos() - v * angle.sin())
        y = y + side * (u * angle.sin() + v * angle.cos())
        return list(torch.stack([x, y], -1).numpy()), presence[:, 0].tolist()


def first_of_alike(proposals: Iterable[Proposal]) -> tuple[list[Proposal], list[Proposal]]:
    """The first of those that propose the same, and the others: the network need look at these only if it fails."""
    first: list[Proposal] = []
    others: list[Proposal] = []
    for proposal in proposals:
        (others if any(alike(proposal, other) for other in first) else first).append(proposal)
    return first, others


def alike(a: Proposal, b: Proposal) -> bool:
    return a.frame == b.frame and shared(a.extent, b.extent) > SAME_PROPOSAL


def without_repeats(shapes: Iterable[Shape]) -> list[Shape]:
    """Best score first; a shape goes that covers the same place as a better one."""
    kept: list[Shape] = []
    for shape in sorted(shapes, key=lambda shape: -shape.score):
        if all(shared(shape.extent, other.extent) <= SAME_OBJECT for other in kept):
            kept.append(shape)
    return kept


def shared(a: Extent, b: Extent) -> float:
    """Area of the intersection over the smaller of the two areas."""
    width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    smaller = min((a.x1 - a.x0) * (a.y1 - a.y0), (b.x1 - b.x0) * (b.y1 - b.y0))
    return max(width, 0) * max(height, 0) / smaller
