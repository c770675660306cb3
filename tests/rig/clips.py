"""Made clips with known motion: cut-out faces that move over a photo, and the boxes a trembling detector gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent

from .photos import face_patch, photo

WIDTH, HEIGHT = 480, 320


class Actor(NamedTuple):
    """A face of rig.photos, `height` px high, whose upper left corner is at `path(frame)`; None: out of sight."""

    face: str
    path: Callable[[int], tuple[float, float] | None]
    height: int = 44


class Clip(NamedTuple):
    images: torch.Tensor
    """[B, H, W, 3]"""
    detections: Detections
    who: tuple[tuple[str, ...], ...]
    """Whose each detection is."""
    true_boxes: tuple[tuple[Box, ...], ...]


def clip(frames: int, actors: Sequence[Actor], scene: str = "coffee", jitter: float = 2.5) -> Clip:
    """Later actors stand in front; one that is covered for more than half is not detected."""
    background = photo(scene).resize((WIDTH, HEIGHT))
    generator = np.random.default_rng(5)
    images, found, who, true_boxes = [], [], [], []
    for frame in range(frames):
        picture = background.copy()
        placed: list[tuple[Actor, Box]] = []
        for actor in actors:
            corner = actor.path(frame)
            if corner is not None:
                patch, face = face_patch(actor.face, actor.height)
                x, y = round(corner[0]), round(corner[1])
                picture.paste(patch, (x - face[0], y - face[1]))
                placed.append((actor, Box(*face).shifted(x - face[0], y - face[1])))
        seen = [(a, b) for n, (a, b) in enumerate(placed) if not _covered(b, [o for _, o in placed[n + 1 :]])]
        images.append(torch.from_numpy(np.asarray(picture, np.float32) / 255))
        found.append([_detected(box, generator, jitter) for _, box in seen])
        who.append(tuple(actor.face for actor, _ in seen))
        true_boxes.append(tuple(box for _, box in seen))
    detections = Detections(WIDTH, HEIGHT, tuple(map(tuple, found))).numbered()
    return Clip(torch.stack(images), detections, tuple(who), tuple(true_boxes))


def joined(*clips: Clip) -> Clip:
    images = torch.cat([c.images for c in clips])
    detections = Detections(WIDTH, HEIGHT, tuple(found for c in clips for found in c.detections.images))
    return Clip(images, detections, sum((c.who for c in clips), ()), sum((c.true_boxes for c in clips), ()))


def _covered(box: Box, others: Sequence[Box]) -> bool:
    return any(box.intersection(other).width > 0 and box.intersection(other).area > box.area / 2 for other in others)


def _detected(box: Box, generator: np.random.Generator, jitter: float) -> Detection:
    """The face's box, each edge off by a normal error of `jitter` px."""
    extent = Extent(*map(float, np.array(box, float) + generator.normal(0, jitter, 4)))
    return Detection(extent.rounded().intersection(Box.of_size(WIDTH, HEIGHT)), 0.9, "face", extent)
