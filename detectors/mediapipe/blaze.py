"""The single-shot detectors of BlazeFace (Bazarevsky et al., 2019) and of MediaPipe's palms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
from torchvision.ops import box_iou

from ...detailer.detection import Extent
from .graph import GraphNet
from .rotated_crops import Roi, run_on_crops

SUPPRESSION_IOU = 0.3


class AnchorGrid(NamedTuple):
    """A layer of anchors: `cells` x `cells`, `anchors` of them in the middle of each cell."""

    cells: int
    anchors: int


@dataclass(frozen=True, eq=False)
class Proposal:
    """What a network sees in image `frame`: extent and [K, 2] key points in pixels, not clipped to the image."""

    frame: int
    extent: Extent
    keypoints: list[tuple[float, float]]
    score: float

    @staticmethod
    def of(points: torch.Tensor, score: float, frame: int = 0) -> Proposal:
        """From [2 + K, 2] points: top left, bottom right, key points."""
        (x0, y0), (x1, y1), *keypoints = points.tolist()
        return Proposal(frame, Extent(x0, y0, x1, y1), keypoints, score)

    def scaled(self, factor: float) -> Proposal:
        """The same in an image `factor` times as large."""
        keypoints = [(x * factor, y * factor) for x, y in self.keypoints]
        return replace(self, extent=self.extent.scaled(factor, factor), keypoints=keypoints)

    def shifted(self, dx: float, dy: float) -> Proposal:
        """The same in an image with `dx` more columns on the left, and `dy` more rows above."""
        keypoints = [(x + dx, y + dy) for x, y in self.keypoints]
        return replace(self, extent=self.extent.shifted(dx, dy), keypoints=keypoints)


class BlazeDetector:
    """A detection network and the anchors that its rows of outputs belong to.

    `span` is the width of the input range, whose upper end is 1: 2 for -1..1, 1 for 0..1.
    """

    def __init__(self, path: Path, grids: Sequence[AnchorGrid], span: float):
        self.net = GraphNet(path)
        self.anchors = torch.cat([anchor_centres(grid) for grid in grids])
        self.span = span

    def propose(self, images: torch.Tensor, confidence: float) -> list[list[Proposal]]:
        """Proposals per image of [B, H, W, 3] images with score >= confidence, best first, overlaps averaged."""
        height, width = images.shape[1:3]
        side = max(height, width)
        whole = [Roi(frame, width / 2, height / 2, side) for frame in range(len(images))]
        rows, logits = run_on_crops(self.net, images, whole, self.span, black=True)
        scores = logits[..., 0].clamp(-100, 100).sigmoid()  # [B, A]
        corner = torch.tensor([(width - side) / 2, (height - side) / 2])
        found = []
        for frame, (row, score) in enumerate(zip(rows, scores, strict=True)):
            likely = (score >= confidence).nonzero()[:, 0]
            points = decode(row[likely] / self.net.size, self.anchors[likely])
            real = (points[:, 1] > points[:, 0]).all(1)
            merged = merge_overlaps(points[real] * side + corner, score[likely][real])
            found.append([Proposal.of(points, score, frame) for points, score in merged])
        return found


def anchor_centres(grid: AnchorGrid) -> torch.Tensor:
    """[cells * cells * anchors, 2] x, y in 0..1, row by row."""
    steps = (torch.arange(grid.cells) + 0.5) / grid.cells
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([x, y], -1).reshape(-1, 2).repeat_interleave(grid.anchors, 0)


def decode(rows: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """[A, 2 + K, 2] points - top left, bottom right, key points - of [A, 4 + 2K] rows: centre, size, key points.

    Rows and result are in units of the network's input; all but the size count from the row's anchor.
    """
    centre, size, keypoints = rows.unflatten(1, (-1, 2)).split([1, 1, rows.shape[1] // 2 - 2], 1)
    return torch.cat([centre - size / 2, centre + size / 2, keypoints], 1) + anchors[:, None]


def merge_overlaps(points: torch.Tensor, scores: torch.Tensor) -> list[tuple[torch.Tensor, float]]:
    """Points and score of each group of overlapping boxes, best first: the mean weighted by score, the best score.

    A group is the best box left and all those that overlap it with an IoU above 0.3 (BlazeFace, section 4).
    """
    merged = []
    order = scores.argsort(descending=True, stable=True)
    points, scores = points[order], scores[order]
    while len(points):
        boxes = points[:, :2].flatten(1)
        together = box_iou(boxes[:1], boxes)[0] > SUPPRESSION_IOU
        together[0] = True
        weights = scores[together, None, None]
        merged.append(((points[together] * weights).sum(0) / weights.sum(), scores[0].item()))
        points, scores = points[~together], scores[~together]
    return merged
