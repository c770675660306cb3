"""A crowd: many small faces at known places, spread over photos without any; the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from PIL import Image, ImageOps

from .photos import FACES, Collage, FaceBox, face_patch, photo

Rectangle = tuple[float, float, float, float]  # x0, y0, x1, y1
BACKGROUNDS = ("coffee", "rocket")


def crowd(
    heights: Sequence[int] = tuple(range(40, 120, 2)), side: int = 4096, backgrounds: Sequence[str] = BACKGROUNDS
) -> Collage:
    """A square picture with faces of the given heights in pixels, one at random in each cell of a grid."""
    random = np.random.default_rng(0)
    canvas = wallpaper(side, backgrounds)
    cells = int(np.ceil(len(heights) ** 0.5))
    cell = side // cells
    faces: list[FaceBox] = []
    for i, (height, name) in enumerate(zip(random.permutation(heights), cycle(FACES), strict=False)):
        patch, (x0, y0, x1, y1) = face_patch(name, int(height))
        left = i % cells * cell + int(random.integers(cell - patch.width))
        top = i // cells * cell + int(random.integers(cell - patch.height))
        canvas.paste(patch, (left, top))
        faces.append((left + x0, top + y0, left + x1, top + y1))
    return Collage(canvas, faces)


def wallpaper(side: int, names: Sequence[str]) -> Image.Image:
    """A square covered with photos at their own size, turn about, every second row mirrored."""
    canvas = Image.new("RGB", (side, side))
    photos = [photo(name) for name in names]
    width, height = min(p.width for p in photos), min(p.height for p in photos)
    for row, top in enumerate(range(0, side, height)):
        for column, left in enumerate(range(0, side, width)):
            picture = photos[(row + column) % len(photos)].crop((0, 0, width, height))
            canvas.paste(ImageOps.mirror(picture) if row % 2 else picture, (left, top))
    return canvas


def counted(found: Sequence[FaceBox], faces: Sequence[FaceBox]) -> tuple[int, int]:
    """Faces that a found box overlaps by half of the smaller of the two, and found boxes that overlap none."""
    pairs = [(i, j) for i, box in enumerate(found) for j, face in enumerate(faces) if shared(box, face) > 0.5]
    return len({j for _, j in pairs}), len(found) - len({i for i, _ in pairs})


def shared(a: Rectangle, b: Rectangle) -> float:
    """The overlap of two boxes as a share of the smaller one."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return max(width, 0) * max(height, 0) / smaller
