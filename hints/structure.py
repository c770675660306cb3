"""The control pictures of all kinds, of whole images or of the crops that are repainted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from ..detailer.box import Size
from ..detailer.crop import cut, to_crop
from ..detailer.detection import Detection
from ..detailer.region import Region, Regions
from .edges import canny, soft_edge
from .face import face_mesh, lips_and_eyes
from .hand import hand_pose
from .strokes import Canvas, Stroke, unit_of

DRAWN: dict[str, Callable[[np.ndarray], list[Stroke]]] = {
    "hand pose": hand_pose,
    "face mesh": face_mesh,
    "lips and eyes": lips_and_eyes,
}
"""What is drawn of the landmarks [L, 2] of an object."""
EDGES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"canny": canny, "soft edge": soft_edge}
"""What is made of pictures [B, H, W, 3]."""
KINDS = (*DRAWN, *EDGES)


class Figure(NamedTuple):
    """Landmarks [L, 2] x, y of one object, in pixel indices of its image, and how large its strokes are there."""

    points: np.ndarray
    unit: float


def whole_hints(kind: str, images: torch.Tensor, figures: Sequence[Sequence[Figure]]) -> torch.Tensor:
    """[B, H, W, 3] for [B, H, W, 3 or more] images; `figures` of each of them."""
    if kind in EDGES:
        return torch.cat([EDGES[kind](image[None, ..., :3].float()) for image in images])
    size = Size(images.shape[2], images.shape[1])
    return torch.stack([_drawing(kind, size, frame) for frame in figures])


def crop_hints(kind: str, images: torch.Tensor, regions: Regions, figures: Sequence[Sequence[Figure]]) -> torch.Tensor:
    """[N, h, w, 3] for N regions of one sampled size: every figure of the image that reaches into the crop."""
    if kind in EDGES:
        return torch.cat([EDGES[kind](cut(images[region.image_index], region)) for region in regions.items])
    return torch.stack([_crop_drawing(kind, region, figures[region.image_index]) for region in regions.items])


def stroke_unit(found: Detection, image_index: int, regions: Regions | None, image: Size) -> float:
    """How large an object's strokes are in its image: right for the crop that a model is shown of it, if there is one.

    A ControlNet's picture of the whole image is cut and enlarged with the window.
    """
    for region in regions.items if regions else ():
        if region.image_index == image_index and any(member.index == found.index for member in region.members):
            return unit_of(region.sampled_at) / _enlargement(region)
    return unit_of(image)


def _enlargement(region: Region) -> float:
    start, end = to_crop(np.array([[0.0, 0.0], [1.0, 0.0]]), region)
    return float(np.linalg.norm(end - start))


def _drawing(kind: str, size: Size, figures: Sequence[Figure]) -> torch.Tensor:
    canvas = Canvas(size)
    for points, unit in figures:
        canvas.draw(DRAWN[kind](points), unit)
    return canvas.image


def _crop_drawing(kind: str, region: Region, figures: Sequence[Figure]) -> torch.Tensor:
    size = region.sampled_at
    return _drawing(kind, size, [Figure(to_crop(figure.points, region), unit_of(size)) for figure in figures])
