"""Faces as people see them: several networks look, from several sides, and confirm each other."""

from __future__ import annotations

from collections.abc import Iterable

from ..detector import Entry
from .auto import FLOOR, REACH, FaceAuto


def entries() -> Iterable[Entry]:
    """The detectors that several networks make up."""
    return [Entry("face_auto", FaceAuto, FLOOR, REACH)]
