"""At which size a crop is sampled: all size policy of the pack."""

from __future__ import annotations

import math
from typing import NamedTuple

from .box import Box, Size
from .family import FAMILIES, SD15, Family, ModelSizes
from .names import unknown

ENTRIES: dict[str, Size] = {str(size): size for family in (SD15, *FAMILIES.values()) for size in family.sizes}
"""Every table entry by its "WxH", without repeats."""

CHOICES: tuple[str, ...] = ("auto", "square", "off", *ENTRIES)
"""The choices of `resolution`."""


def nearest_entry(window: Size, family: Family) -> Size:
    """The table entry of the closest aspect; of several with that aspect, the one nearest to the native area."""

    def distance(entry: Size) -> tuple[float, float]:
        aspect = abs(math.log(entry.aspect / window.aspect))
        return round(aspect, 9), abs(math.log(entry.area / family.native.area))

    return min(family.sizes, key=distance)


class Fit(NamedTuple):
    """A crop window, the size it is sampled at, and why that one."""

    window: Box
    size: Size
    why: str


def fit(padded: Box, image: Box | None, choice: str, model: ModelSizes) -> Fit:
    """The crop window for a `padded` window inside `image`, and the size it is sampled at.

    The window grows and slides until it has the aspect of the sampled size, within `image` unless that is None. Where
    the image is too small for that, "auto" samples at the window's own aspect and the entry's area, so that nothing is
    stretched, while "square" and "WxH" are kept as asked. "off" is the window's own size, grown to the next multiple
    of the model's. ValueError for an unknown `choice`.
    """
    own = padded.size
    match choice:
        case "auto":
            wanted, why = nearest_entry(own, model.family), f"the {model.family.name} size nearest in shape to {own}"
        case "square":
            wanted, why = model.family.native, f"the native size of {model.family.name}"
        case "off":
            wanted = rounded_up(own, model.multiple)
            window = slid_inside(padded.grown_to(*wanted), image)
            return Fit(window, wanted, f"the window's own size, in multiples of {model.multiple}")
        case _:
            wanted, why = entry(choice), "the size that was chosen"
    wanted = rounded_up(wanted, model.multiple)
    window = slid_inside(grown_to_aspect(padded, wanted), image)
    cut = window.size
    if choice == "auto" and not _same_aspect(cut, wanted):
        why = f"the area of {wanted} in the shape of {cut}, which is all the image has"
        return Fit(window, _of_area(cut.aspect, wanted.area, model.multiple), why)
    return Fit(window, wanted, why)


def entry(choice: str) -> Size:
    """A "WxH" entry of the tables; ValueError with the nearest ones for any other."""
    if choice not in ENTRIES:
        raise ValueError(unknown("resolution", choice, CHOICES))
    return ENTRIES[choice]


def grown_to_aspect(box: Box, wanted: Size) -> Box:
    """`box` with its shorter side lengthened until its aspect is that of `wanted`, to the nearest pixel."""
    return box.grown_to(round(box.height * wanted.aspect), round(box.width / wanted.aspect))


def slid_inside(window: Box, image: Box | None) -> Box:
    """The window moved into the image at its full size, or cut to it; where it may leave the image, as it is."""
    return window.slid_inside(image.width, image.height) if image else window


def _same_aspect(size: Size, wanted: Size) -> bool:
    """Whether one pixel more or less of `size` is all that parts it from the aspect of `wanted`."""
    return abs(size.width - size.height * wanted.aspect) <= 1 or abs(size.height - size.width / wanted.aspect) <= 1


def _of_area(aspect: float, area: int, factor: int) -> Size:
    """The size nearest to `aspect` and `area` with sides divisible by `factor`."""
    width = math.sqrt(area * aspect)
    return Size(max(round(width / factor), 1) * factor, max(round(width / aspect / factor), 1) * factor)


def rounded_up(size: Size, factor: int) -> Size:
    """Each side grown to the next multiple of `factor`."""
    return Size(-(-size.width // factor) * factor, -(-size.height // factor) * factor)
