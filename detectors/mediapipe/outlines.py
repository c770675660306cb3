"""Masks from landmarks: filled outlines, drawn no larger than their own box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from ...detailer.detection import Detection, Extent
from ...detailer.mask import MaskPatch


def convex_hull(points: np.ndarray) -> np.ndarray:
    """The corners [M, 2], in order, of the convex hull of [N, 2] points."""
    return points[ConvexHull(points).vertices]


def filled(outlines: Sequence[np.ndarray], score: float, label: str, width: int, height: int) -> Detection | None:
    """One object: every pixel that any of the [M, 2] outlines touches or holds; None if none lies in the image."""
    pixels = [np.floor(outline).astype(int) for outline in outlines]
    touched = extent_of(pixels)
    whole = touched._replace(x1=touched.x1 + 1, y1=touched.y1 + 1)
    detection = Detection.of_extent(whole, score, label, width, height)
    if detection is None:
        return None
    box = detection.box
    canvas = Image.new("1", (box.width, box.height))
    for corners in pixels:
        ImageDraw.Draw(canvas).polygon((corners - (box.x0, box.y0)).flatten().tolist(), fill=1)
    mask = MaskPatch(box, torch.from_numpy(np.array(canvas)).float())
    return replace(detection, extent=extent_of(outlines), mask=mask)


def extent_of(outlines: Sequence[np.ndarray]) -> Extent:
    """The smallest rectangle around [N, 2] points."""
    points = np.concatenate(outlines)
    return Extent(*points.min(0).tolist(), *points.max(0).tolist())
