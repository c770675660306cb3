"""The list of detectors a user can choose from, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..detailer.names import unknown
from . import faces, mediapipe, mediapipe_package, yolo
from .detector import Entry

DEFAULT = "face_auto"

FAMILIES: tuple[Callable[[], Iterable[Entry]], ...] = (
    faces.entries,
    mediapipe.entries,
    yolo.entries,
    mediapipe_package.entries,
)


def entries() -> dict[str, Entry]:
    """Every detector at hand, in the order they are listed to the user. Reads folders, never a model file."""
    return {entry.name: entry for family in FAMILIES for entry in family()}


def find(name: str) -> Entry:
    """The entry called `name`; ValueError with the nearest names if there is none."""
    known = entries()
    if name in known:
        return known[name]
    raise ValueError(unknown("detector", name, known))
