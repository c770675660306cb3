"""At which size a crop is sampled: all size policy of the pack."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from .box import Box


class Size(NamedTuple):
    width: int
    height: int

    @property
    def aspect(self) -> float:
        return self.width / self.height

    @property
    def area(self) -> int:
        return self.width * self.height

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


BaseModel = Literal["sdxl", "sd15"]

# Portrait to landscape, the sizes each model was made for or is known to bear.
TABLES: dict[BaseModel, tuple[Size, ...]] = {
    "sdxl": tuple(
        Size(*wh)
        for wh in [
            (640, 1536), (768, 1344), (832, 1216), (896, 1152), (1024, 1024), (1152, 896), (1216, 832), (1344, 768),
            (1536, 640), (1664, 2432), (2048, 2048), (2432, 1664),
        ]
    ),
    "sd15": tuple(
        Size(*wh)
        for wh in [
            (384, 704), (448, 576), (512, 512), (512, 704), (512, 768), (512, 832), (576, 448), (576, 768),
            (576, 1024), (640, 512), (640, 640), (640, 768), (704, 384), (704, 1216), (768, 512), (768, 576),
            (768, 1024), (832, 512), (896, 896), (1024, 576),
            (1024, 768), (1024, 1024), (1024, 1536), (1216, 704), (1536, 1024),
        ]
    ),
}  # fmt: skip

NATIVE: dict[BaseModel, Size] = {"sdxl": Size(1024, 1024), "sd15": Size(512, 512)}

ENTRIES: tuple[str, ...] = tuple(dict.fromkeys(str(size) for base in ("sd15", "sdxl") for size in TABLES[base]))
"""Every table entry as "WxH", without repeats."""

CHOICES: tuple[str, ...] = ("auto", "square", "off", *ENTRIES)


def base_model_for(image: Size) -> BaseModel:
    """A guess for when no model is at hand: the one whose native area is nearer to the image's, by ratio."""
    border = math.sqrt(NATIVE["sd15"].area * NATIVE["sdxl"].area)
    return "sdxl" if image.area >= border else "sd15"


def nearest_entry(window: Size, base_model: BaseModel) -> Size:
    """The table entry of the closest aspect; of several with that aspect, the one nearest to the native area."""

    def distance(entry: Size) -> tuple[float, float]:
        aspect = abs(math.log(entry.aspect / window.aspect))
        return round(aspect, 9), abs(math.log(entry.area / NATIVE[base_model].area))

    return min(TABLES[base_model], key=distance)


def fit(padded: Box, image: Box, choice: str, base_model: BaseModel, factor: int) -> tuple[Box, Size]:
    """The crop window for a `padded` window inside `image`, and the size it is sampled at.

    The window grows (and slides) to the aspect of the sampled size as far as the image allows. Where it does not,
    "auto" takes a size of the window's own aspect and the entry's area instead, so that nothing is stretched;
    "square" and "WxH" are kept as asked. "off" is the window's own size, grown to the next multiple of `factor`,
    the VAE's spatial factor. ValueError for an unknown `choice`.
    """
    own = Size(padded.width, padded.height)
    match choice:
        case "auto":
            wanted = nearest_entry(own, base_model)
        case "square":
            wanted = NATIVE[base_model]
        case "off":
            wanted = rounded_up(own, factor)
            window = padded.grown_to(*wanted).slid_inside(image.width, image.height)
            return window, wanted
        case _:
            wanted = parse(choice)
    window = grown_to_aspect(padded, wanted).slid_inside(image.width, image.height)
    cut = Size(window.width, window.height)
    if choice == "auto" and not same_aspect(cut, wanted):
        return window, of_area(cut.aspect, wanted.area, factor)
    return window, rounded_up(wanted, factor)


def grown_to_aspect(box: Box, wanted: Size) -> Box:
    """`box` with its shorter side lengthened until its aspect is that of `wanted`, to the nearest pixel."""
    return box.grown_to(round(box.height * wanted.aspect), round(box.width / wanted.aspect))


def same_aspect(size: Size, wanted: Size) -> bool:
    """Whether one pixel more or less of `size` is all that parts it from the aspect of `wanted`."""
    return abs(size.width - size.height * wanted.aspect) <= 1 or abs(size.height - size.width / wanted.aspect) <= 1


def of_area(aspect: float, area: int, factor: int) -> Size:
    """The size nearest to `aspect` and `area` with sides divisible by `factor`."""
    width = math.sqrt(area * aspect)
    return Size(max(round(width / factor), 1) * factor, max(round(width / aspect / factor), 1) * factor)


def rounded_up(size: Size, factor: int) -> Size:
    return Size(-(-size.width // factor) * factor, -(-size.height // factor) * factor)


def parse(choice: str) -> Size:
    """A "WxH" entry of the tables."""
    if choice not in ENTRIES:
        raise ValueError(f"Unknown resolution {choice!r}: use auto, square, off or one of {', '.join(ENTRIES)}.")
    width, height = choice.split("x")
    return Size(int(width), int(height))
