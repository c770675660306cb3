"""Which sizes of pictures are taken."""

from __future__ import annotations

from ..detailer.box import Size
from ..detailer.family import FAMILIES
from .errors import invalid

MIN_SIDE = 16
MAX_SIDES = {"jpeg": 65_500, "webp": 16_383}
"""What a format's encoder takes, where a request can ask for more."""


def require_size(field: str, size: Size, table: tuple[Size, ...], base: str, what: str = "") -> None:
    """Refused, with the nearest sizes, unless `size` is one of the table. `what` is the sentence's word for it."""
    if size in table:
        return
    native = FAMILIES[base].native

    def distance(entry: Size) -> float:
        return abs(entry.width - size.width) + abs(entry.height - size.height)

    near = sorted(table, key=lambda entry: (distance(entry), abs(entry.area - native.area)))[:3]
    nearest = ", ".join(map(str, near))
    raise invalid(field, f"{what or field} is {size}, which {base} does not take. Nearest sizes: {nearest}.")


def require_sides(field: str, size: Size) -> None:
    """Refused if a side has fewer than MIN_SIDE pixels."""
    if min(size) < MIN_SIDE:
        raise invalid(field, f"{field} is {size}; each side must have {MIN_SIDE} pixels at least.")


def require_makeable(field: str, size: Size, count: int, encoding: str, max_pixels: int) -> None:
    """Refused if `count` results of this size are more than the server makes at once, or the format cannot hold one."""
    if size.area * count > max_pixels:
        what = f"{count} pictures of {size}" if count > 1 else f"a picture of {size}"
        raise invalid(field, f"{field} asks for {what}; this server makes {max_pixels} pixels at most. Ask for less.")
    limit = MAX_SIDES.get(encoding)
    if limit and max(size) > limit:
        raise invalid(field, f"{field} asks for {size}; {encoding} holds {limit} pixels a side at most. Ask for png.")
