"""Broken faces in large pictures, whose unbroken form is known: the held-out faces of the small model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from face_model import held_out
from face_model.windows import SIDE, window_around
from PIL import Image
from rig.broken import REACH, Breakage, break_face
from rig.crowd import wallpaper

PICTURE = 1024
SMALLEST, LARGEST = 96, 256
"""Longer sides of the faces as they are pasted, in pixels; the faces in between are spread evenly."""
BREAKAGE = Breakage(across=44, noise=0.05, warp=0.008)
"""Of a square no larger than the face's box: all of it lies under the default mask."""


class Scene(NamedTuple):
    """A face in a picture: images [1, H, W, 3], and the face's box as the detector found it."""

    unbroken: torch.Tensor
    broken: torch.Tensor
    face: Box
    name: str = ""
    """Number of the face, and which of its seeds."""
    seed: int = 0
    """Of the breakage, and of the repair."""

    @property
    def detections(self) -> Detections:
        return Detections(PICTURE, PICTURE, ((detected(self.face),),))

    def mirrored(self) -> Scene:
        x0, y0, x1, y1 = self.face
        unbroken, broken = self.unbroken.flip(2), self.broken.flip(2)
        return Scene(unbroken, broken, Box(PICTURE - x1, y0, PICTURE - x0, y1))


def detected(face: Box) -> Detection:
    return Detection(face, 0.9, "face", Extent(*map(float, face)))


def scenes(count: int, seeds: int) -> Iterator[Scene]:
    """`count` of the held-out faces, evenly chosen, broken with so many seeds each."""
    background = np.asarray(wallpaper(PICTURE, ("coffee", "rocket")))
    faces = held_out.strangers()
    places = np.random.default_rng(0)
    for number, face in list(enumerate(faces))[:: max(len(faces) // count, 1)][:count]:
        longer = round(SMALLEST + (LARGEST - SMALLEST) * number / (len(faces) - 1))
        picture, box = pasted(background, face, longer, places)
        unbroken = torch.from_numpy(picture).float()[None] / 255
        for seed in range(seeds):
            own = 100 * number + seed
            yield Scene(unbroken, broken(unbroken, box, own), box, f"{number}-{seed}", own)


def pasted(
    background: np.ndarray, face: held_out.HeldOutFace, longer: int, places: np.random.Generator
) -> tuple[np.ndarray, Box]:
    """A picture with a face of `longer` px on its longer side, and the face's box."""
    x0, y0, x1, y1 = face.box
    side = round(longer * SIDE)
    window = window_around(face.open(), face.box).resize((side, side), Image.Resampling.LANCZOS)
    room = PICTURE - side
    left, top = (int(places.integers(room + 1)) if room > 0 else room // 2 for _ in "xy")
    canvas = Image.fromarray(background.copy())
    canvas.paste(window, (left, top))
    zoom = longer / max(x1 - x0, y1 - y0)
    width, height = round((x1 - x0) * zoom), round((y1 - y0) * zoom)
    corner = (left + (side - width) // 2, top + (side - height) // 2)
    return np.array(canvas), Box(*corner, corner[0] + width, corner[1] + height)


def broken(unbroken: torch.Tensor, face: Box, seed: int) -> torch.Tensor:
    """[1, H, W, 3] with the inner part of the face broken."""
    reach = min(face.width, face.height) / (4 * REACH)
    x, y = (face.x0 + face.x1) / 2, (face.y0 + face.y1) / 2
    inner = (round(x - reach), round(y - reach), round(x + reach), round(y + reach))
    return break_face(unbroken[0], inner, seed, BREAKAGE)[None]
