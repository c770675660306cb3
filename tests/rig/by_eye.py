"""Pictures whose faces and hands a person has counted, and what a detector makes of them.

tests/fixtures/people_by_eye.json: by picture of the template packages, at least and at most how many there are; `hands`
is null where they are not clear. Human or human-like faces count, drawn ones and statues too, of which an eye and the
mouth can be seen; where a person would hesitate, the range is wide. Pictures marked `final` were kept from every choice
of a number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image

from .comfyui import ROOT
from .photos import template_path

CANVAS, GREY = 1024, 128
TURNED, TINY = 720, 96
"""Long side of the picture on a canvas of its own: turned, and so small that its face has about 20 px."""


@cache
def counted() -> dict[str, dict[str, Any]]:
    return json.loads((ROOT / "tests" / "fixtures" / "people_by_eye.json").read_text(encoding="utf-8"))


@dataclass
class Tally:
    """Objects that are there, how many of them were found, and how many more than there are."""

    there: int = 0
    found: int = 0
    false: int = 0

    def add(self, least: int, most: int, count: int) -> None:
        self.there += least
        self.found += min(count, least)
        self.false += max(count - most, 0)


def picture(name: str) -> Image.Image:
    return Image.open(template_path(name)).convert("RGB")


def turned(image: Image.Image, degrees: int) -> Image.Image:
    """Turned clockwise about the centre of a grey canvas."""
    scale = TURNED / max(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    image = image.convert("RGBA").rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
    canvas = Image.new("RGB", (CANVAS, CANVAS), (GREY,) * 3)
    canvas.paste(image, ((CANVAS - image.width) // 2, (CANVAS - image.height) // 2), image)
    return canvas


def tiny(image: Image.Image) -> Image.Image:
    scale = TINY / max(image.size)
    canvas = Image.new("RGB", (CANVAS, CANVAS), (GREY,) * 3)
    size = round(image.width * scale), round(image.height * scale)
    canvas.paste(image.resize(size, Image.Resampling.LANCZOS), (500, 300))
    return canvas


def tensor(image: Image.Image) -> torch.Tensor:
    """[1, H, W, 3] in 0..1."""
    return torch.from_numpy(np.asarray(image).copy()).float()[None] / 255


def tallies(
    names: Iterable[str], what: str, count: Callable[[torch.Tensor], int], by: str = "kind"
) -> dict[str, Tally]:
    """The tally of each kind of picture, of those where `what` ("faces" or "hands") is clear."""
    found: dict[str, Tally] = {}
    for name in names:
        entry = counted()[name]
        if entry.get(what) is not None:
            least, most = entry[what]
            found.setdefault(entry[by], Tally()).add(least, most, count(tensor(picture(name))))
    return found


def total(tallies: Iterable[Tally]) -> Tally:
    sum_of = Tally()
    for tally in tallies:
        sum_of = Tally(sum_of.there + tally.there, sum_of.found + tally.found, sum_of.false + tally.false)
    return sum_of


def variations(names: Sequence[str]) -> dict[str, list[Image.Image]]:
    """Pictures with one face, turned and made tiny."""
    images = [picture(name) for name in names]
    made = {f"turned by {degrees}": [turned(image, degrees) for image in images] for degrees in (45, 90, 180)}
    return made | {"tiny": [tiny(image) for image in images]}
