"""The pictures that the model never learns from, and the faces in them on which it is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from .corpus import PACKAGES, site_folder

FILE = Path(__file__).with_name("held_out.json")


class HeldOutFace(NamedTuple):
    """A face of at least 72 px: its picture, and its box in it in pixels, as the pack's detectors found it."""

    picture: str
    box: tuple[int, int, int, int]

    def open(self) -> Image.Image:
        """The picture, RGB; of an animated one the first frame. FileNotFoundError if its package lacks it."""
        return Image.open(site_folder() / self.picture).convert("RGB")


def pictures() -> list[str]:
    """Paths of the pictures in the folder of installed packages."""
    return [PACKAGES + name for name in _file()["pictures"]]


def faces() -> list[HeldOutFace]:
    """All of them."""
    return [face for _, _, face in _numbered()]


def strangers() -> list[HeldOutFace]:
    """Without those that the committed weights have met: the same person is in other pictures, which were learned."""
    met = {(name, number) for name, numbers in _file()["met in training"].items() for number in numbers}
    return [face for name, number, face in _numbered() if (name, number) not in met]


def _numbered() -> Iterator[tuple[str, int, HeldOutFace]]:
    for name, boxes in _file()["pictures"].items():
        for number, box in enumerate(boxes):
            yield name, number, HeldOutFace(PACKAGES + name, tuple(box))


def _file() -> dict[str, Any]:
    return json.loads(FILE.read_text())
