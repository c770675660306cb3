"""Cuts the windows that the model learns from out of the template pictures.

python -m face_model.windows     writes faces/*.webp, whole/*.webp, faces.json and sheet.png into the state folder

A window is a square of 3.4 longer sides of the face, the face in its middle. It is kept only if a face is found again
in the window itself, and if it shows nobody of the held-out faces. Look at sheet.png.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from afterdetail.detectors import registry
from afterdetail.detectors.detector import Detector
from PIL import Image, ImageOps
from rig.crowd import shared

from . import STATE, corpus, held_out

SIDE = 3.4
"""Sides of a face in the side of its window."""
SMALLEST_FACE, LARGEST_WINDOW, LARGEST_PICTURE = 56, 768, 640  # pixels
TWIN = 0.85
"""Likeness of two thumbnails from which on they are taken for the same person in much the same pose."""

Box = tuple[float, float, float, float]


class Detectors:
    """The pack's two face detectors, which miss different faces."""

    def __init__(self) -> None:
        self.full, self.short = (registry.find(f"face_{name}_mediapipe").open() for name in ("full", "short"))

    def faces(self, picture: Image.Image) -> list[Box]:
        """Boxes in pixels, found at the picture's own size and at twice that, the surest first."""
        found = []
        for zoom in (1.0, min(2.0, 2048 / max(picture.size))):
            size = (round(picture.width * zoom), round(picture.height * zoom))
            pixels = tensor_of(picture.resize(size, Image.Resampling.BICUBIC))
            for detector in (self.full, self.short):
                for face in detector.detect(pixels, 0.5)[0]:
                    found.append((face.score, tuple(edge / zoom for edge in face.box)))
        kept: list[Box] = []
        for _, box in sorted(found, reverse=True):
            if all(shared(box, other) < 0.33 for other in kept):
                kept.append(box)
        return kept

    def sees_a_face_in(self, window: Image.Image) -> bool:
        """Whether there is one in the middle: half of what the detectors find in whole pictures are moons and knees."""
        pixels = tensor_of(window.resize((448, 448), Image.Resampling.BICUBIC))
        reach = 224 / SIDE
        middle = (224 - reach, 224 - reach, 224 + reach, 224 + reach)

        def best(detector: Detector) -> float:
            found = detector.detect(pixels, 0.3)[0]
            return max((face.score for face in found if shared(face.box, middle) > 0.5), default=0.0)

        sure = best(self.full)
        return sure >= 0.6 or (sure >= 0.4 and best(self.short) >= 0.7)


def window_around(picture: Image.Image, box: Box) -> Image.Image:
    """The square around a face; beyond the picture's edge it goes on mirrored."""
    reach = max(box[2] - box[0], box[3] - box[1]) * SIDE / 2
    margin, side = int(reach) + 2, round(2 * reach)
    pixels = np.asarray(picture)
    mode = "reflect" if min(pixels.shape[:2]) > margin else "edge"
    extended = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode=mode)
    left, top = (round((low + high) / 2 - reach) + margin for low, high in (box[::2], box[1::2]))
    window = Image.fromarray(extended[top : top + side, left : left + side])
    window.thumbnail((LARGEST_WINDOW, LARGEST_WINDOW), Image.Resampling.LANCZOS)
    return window


def thumbnail(window: Image.Image) -> np.ndarray:
    """The face itself in 12 x 12 pixels without its mean, as a vector of length 1."""
    reach = window.width / SIDE * 0.65
    middle = window.width / 2
    low, high = round(middle - reach), round(middle + reach)
    face = window.crop((low, low, high, high))
    values = np.asarray(face.resize((12, 12), Image.Resampling.BOX), dtype=float).ravel()
    values -= values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-9)


def likeness(window: Image.Image, others: np.ndarray) -> float:
    """How much a window's face is like the likest of other thumbnails [N, 432], itself or mirrored; at most 1."""
    return max(float((others @ thumbnail(seen)).max()) for seen in (window, ImageOps.mirror(window)))


def windows_of(name: str, detectors: Detectors) -> Iterator[tuple[int, float, Image.Image]]:
    """(frame, longer side of the face in pixels, window) of every face of a picture that is large enough."""
    for number, frame in corpus.frames(name):
        for box in detectors.faces(frame):
            side = max(box[2] - box[0], box[3] - box[1])
            if side >= SMALLEST_FACE and detectors.sees_a_face_in(window := window_around(frame, box)):
                yield number, side, window


def collect(folder: Path) -> None:
    """Write windows and whole pictures into `folder`, and which picture each is from."""
    detectors, left_out = Detectors(), set(held_out.pictures())
    strangers = np.stack([thumbnail(window_around(face.open(), face.box)) for face in held_out.faces()])
    for part in ("faces", "whole"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows: list[dict] = []
    for place, name in enumerate(name for name in corpus.names() if name not in left_out):
        found = list(windows_of(name, detectors))
        if any(likeness(window, strangers) >= TWIN for _, _, window in found):
            continue  # somebody held out is in this picture too: all its frames go
        _, whole = next(corpus.frames(name))
        whole.thumbnail((LARGEST_PICTURE, LARGEST_PICTURE), Image.Resampling.LANCZOS)
        whole.save(folder / "whole" / f"{place:04}.webp", quality=88)
        for frame, side, window in found:
            window.save(folder / "faces" / f"{len(rows):04}.webp", quality=93)
            rows.append({"source": name, "frame": frame, "side": round(side)})
        if place % 50 == 0:
            print(f"{place} pictures, {len(rows)} faces", flush=True)
    (folder / "faces.json").write_text(json.dumps(rows, indent=0))
    contact_sheet(folder).save(folder / "sheet.png")


def contact_sheet(folder: Path, columns: int = 26, side: int = 64) -> Image.Image:
    """All windows side by side."""
    files = sorted((folder / "faces").glob("*.webp"))
    sheet = Image.new("RGB", (columns * side, math.ceil(len(files) / columns) * side))
    for place, file in enumerate(files):
        sheet.paste(Image.open(file).resize((side, side)), (place % columns * side, place // columns * side))
    return sheet


def tensor_of(picture: Image.Image) -> torch.Tensor:
    """[1, H, W, 3] in 0..1."""
    return torch.from_numpy(np.array(picture, dtype=np.float32))[None] / 255


if __name__ == "__main__":
    collect(STATE)
