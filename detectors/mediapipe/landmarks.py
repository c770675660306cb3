"""Landmark networks: the points of one face or hand in a rotated square crop around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch

from ...detailer.detection import Extent
from .blaze import Proposal
from .graph import GraphNet
from .outlines import extent_of
from .rotated_crops import Roi, run_on_crops

PRESENCE = 0.5
SAME_OBJECT, SAME_PROPOSAL = 0.5, 0.8  # share of the smaller extent that lies inside the larger


@dataclass(frozen=True, eq=False)
class Shape:
    """The landmarks of one object: [L, 2] x, y in pixels of its image, and the score of the proposal behind it.

    `presence`: how sure the network is of the object, 0..1. `right`: and of it being a right hand, 0.5 for others.
    """

    points: np.ndarray
    score: float
    presence: float = 1.0
    right: float = 0.5

    @property
    def extent(self) -> Extent:
        """The smallest rectangle around the points, in image pixels."""
        return extent_of([self.points])


class LandmarkNet:
    """A network with the outputs [N, 3 * L], x, y, z in pixels of the crop, and [N, 1], presence.

    `roi` gives the crop in which the network expects the object of a proposal. With `handed` a third output is read,
    [N, 1]: how sure it is of a right hand.
    """

    def __init__(self, path: Path, roi: Callable[[Proposal], Roi], presence_is_logit: bool, handed: bool = False):
        self.net = GraphNet(path)
        self.roi = roi
        self.presence_is_logit, self.handed = presence_is_logit, handed

    def find(self, images: torch.Tensor, proposals: Sequence[Proposal]) -> list[list[Shape]]:
        """The objects that are really there in each of [B, H, W, 3] images, each once, best score first."""
        shapes: list[list[Shape]] = [[] for _ in images]
        shown: list[Proposal] = []
        rest = sorted(proposals, key=lambda proposal: -proposal.score)
        while rest := [proposal for proposal in rest if not any(_alike(proposal, other) for other in shown)]:
            first, rest = first_of_alike(rest)
            found = self.shapes(images, [self.roi(proposal) for proposal in first])
            for proposal, shape in zip(first, found, strict=True):
                if shape.presence >= PRESENCE:
                    shapes[proposal.frame].append(replace(shape, score=proposal.score))
                    shown.append(proposal)
        return [without_repeats(frame, same_object) for frame in shapes]

    def shapes(self, images: torch.Tensor, rois: Sequence[Roi]) -> list[Shape]:
        """What each of the `rois` in [B, H, W, 3] images shows, if it is there; the score is its presence."""
        if not rois:
            return []
        rows, presence, *rest = run_on_crops(self.net, images, rois, span=1, black=False)
        if self.presence_is_logit:
            presence = presence.sigmoid()
        u, v = (rows.unflatten(1, (-1, 3)).double() / self.net.size - 0.5).unbind(-1)[:2]  # [N, L]
        _, x, y, side, angle = torch.tensor(rois, dtype=torch.float64).mT[..., None]  # [N, 1]
        x = x + side * (u * angle.cos() - v * angle.sin())
        y = y + side * (u * angle.sin() + v * angle.cos())
        right = rest[0][:, 0].tolist() if self.handed else [0.5] * len(rois)
        rows = zip(torch.stack([x, y], -1).numpy(), presence[:, 0].tolist(), right, strict=True)
        return [Shape(points, there, there, side) for points, there, side in rows]


def first_of_alike(proposals: Iterable[Proposal]) -> tuple[list[Proposal], list[Proposal]]:
    """The first of those that propose the same, and the others: the network need look at these only if it fails."""
    first: list[Proposal] = []
    others: list[Proposal] = []
    for proposal in proposals:
        (others if any(_alike(proposal, other) for other in first) else first).append(proposal)
    return first, others


def _alike(a: Proposal, b: Proposal) -> bool:
    """Whether two proposals of one image share so much that the network would see the same."""
    return a.frame == b.frame and shared(a.extent, b.extent) > SAME_PROPOSAL


class Scored(Protocol):
    """Whatever has a score."""

    @property
    def score(self) -> float:
        """Higher is better."""
        ...


T = TypeVar("T", bound=Scored)


def without_repeats(objects: Iterable[T], same: Callable[[T, T], bool]) -> list[T]:
    """Best score first; what is the `same` as a better one is left out."""
    distinct: list[T] = []
    for one in sorted(objects, key=lambda one: -one.score):
        if not any(same(one, other) for other in distinct):
            distinct.append(one)
    return distinct


def same_object(a: Shape, b: Shape) -> bool:
    """Whether the landmarks of both cover one place."""
    return shared(a.extent, b.extent) > SAME_OBJECT


def shared(a: Extent, b: Extent) -> float:
    """Area of the intersection over the smaller of the two areas."""
    return a.intersection(b).area / min(a.area, b.area)
