"""The list of detectors a user can choose from, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..detailer.names import unknown
from . import faces, mediapipe, yolo
from .detector import Entry

DEFAULT = "face_auto"

FAMILIES: tuple[Callable[[], Iterable[Entry]], ...] = (
    faces.entries,
    mediapipe.entries,
    yolo.entries,
)

RETIRED = "mediapipe/"
"""How the names of files began that version 0.1 ran in Google's mediapipe package."""


def entries() -> dict[str, Entry]:
    """Every detector at hand, in the order they are listed to the user. Reads folders, never a model file."""
    return {entry.name: entry for family in FAMILIES for entry in family()}


def find(name: str) -> Entry:
    """The entry called `name`; ValueError with the nearest names if there is none."""
    known = entries()
    if name in known:
        return known[name]
    raise ValueError(_retired(name) if name.startswith(RETIRED) else unknown("detector", name, known))


def _retired(name: str) -> str:
    part = "face_short" if name.endswith(".tflite") else "hand_mesh" if "hand" in name else "face_mesh"
    return (
        f"{name} ran in Google's mediapipe package, which is not used any more: it reports to Google and misplaces "
        f"boxes at the edge. Choose {part}_mediapipe, which runs the same network."
    )
