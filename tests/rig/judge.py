"""How near a repaired face is to the unbroken one, by the pack's own detectors and by its pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from afterdetail.detectors import registry
from afterdetail.detectors.mediapipe.face_parts import LEFT_EYE, RIGHT_EYE, FaceMesh

from .crowd import Rectangle, shared

REACH, SIDE = 1.25, 384
"""A face is looked at in a square of 2.5 of its longer sides, shown in so many pixels: found whatever its size."""
LEAST_SCORE = 0.05


class Seen(NamedTuple):
    """What the detector thinks of a face (0 where it finds none), and its mesh [468, 2] in image pixels, if any."""

    score: float
    points: np.ndarray | None


class Judge:
    """Face detector and face mesh of the pack."""

    def __init__(self) -> None:
        self.detector = registry.find("face_full_mediapipe").open()
        self.mesh = FaceMesh()

    def look(self, image: torch.Tensor, face: Rectangle) -> Seen:
        """At the face in the box `face` of an image [H, W, 3]."""
        x0, y0, x1, y1 = face
        half = REACH * max(x1 - x0, y1 - y0)
        left, top = (x0 + x1) / 2 - half, (y0 + y1) / 2 - half
        zoom = SIDE / (2 * half)
        window = seen_through(image, left, top, 2 * half)
        inside = ((x0 - left) * zoom, (y0 - top) * zoom, (x1 - left) * zoom, (y1 - top) * zoom)

        found = self.detector.detect(window, LEAST_SCORE)[0]
        score = max((each.score for each in found if shared(each.box, inside) > 0.5), default=0.0)
        meshes = [mesh for mesh in self.mesh.find(window, LEAST_SCORE)[0] if shared(mesh.extent, inside) > 0.5]
        points = meshes[0].points / zoom + (left, top) if meshes else None
        return Seen(float(score), points)


def seen_through(image: torch.Tensor, left: float, top: float, side: float) -> torch.Tensor:
    """A square of an image [H, W, 3] as [1, SIDE, SIDE, 3]; what lies beyond the edge is grey."""
    x0, y0, whole = round(left), round(top), round(side)
    canvas = torch.full((whole, whole, 3), 0.5)
    rows = slice(max(y0, 0), min(y0 + whole, image.shape[0]))
    columns = slice(max(x0, 0), min(x0 + whole, image.shape[1]))
    canvas[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = image[rows, columns]
    shown = F.interpolate(canvas.movedim(-1, 0)[None], (SIDE, SIDE), mode="bicubic", antialias=True)
    return shown.movedim(1, -1).clamp(0, 1)


def landmark_error(points: np.ndarray | None, unbroken: np.ndarray | None) -> float:
    """The mean distance of two meshes' landmarks, in distances between the unbroken one's eyes; inf without a mesh."""
    if points is None or unbroken is None:
        return float("inf")
    eyes = [unbroken[list(eye)].mean(0) for eye in (LEFT_EYE, RIGHT_EYE)]
    between = np.linalg.norm(eyes[0] - eyes[1])
    return float(np.linalg.norm(points - unbroken, axis=1).mean() / between)


def psnr(image: torch.Tensor, unbroken: torch.Tensor, box: tuple[int, int, int, int]) -> float:
    """In decibels, over a box of two images [H, W, 3] in 0..1."""
    x0, y0, x1, y1 = box
    return -10 * float((image - unbroken)[y0:y1, x0:x1].square().mean().clamp(min=1e-10).log10())
