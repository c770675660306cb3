"""What `face_auto` finds in pictures counted by eye, a third of the table; `benchmarks.recall` runs all of it.

The bounds are what was measured, so that nothing gets lost unnoticed: raise them when more is found.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from afterdetail.detectors import registry
from rig import by_eye

TABLE = by_eye.counted()
SEEN = [name for name, entry in TABLE.items() if not entry.get("final")]


@pytest.fixture(scope="module")
def count() -> Callable[[torch.Tensor], int]:
    entry = registry.find("face_auto")
    detector = entry.open()

    def count(image: torch.Tensor) -> int:
        [found] = detector.detect(image, entry.threshold(0.3).applied)
        return len(found)

    return count


def test_the_table_has_all_kinds_and_keeps_some_for_the_end():
    kinds = {entry["kind"] for entry in TABLE.values()}
    assert {"frontal", "profile", "tilted", "anime", "3d", "small", "closeup", "occluded", "animal", "none"} <= kinds
    assert len(TABLE) >= 200 and len(TABLE) - len(SEEN) >= 20
    assert all(0 <= least <= most for entry in TABLE.values() for least, most in [entry["faces"]])


def test_faces_are_found_and_little_else(count):
    tally = by_eye.total(by_eye.tallies(SEEN[::3], "faces", count).values())
    assert tally.there == 54
    assert tally.found >= 52
    assert tally.false <= 1


def test_turned_and_tiny_faces_are_found(count):
    names = [name for name in SEEN if TABLE[name].get("varied")][:4]
    for kind, images in by_eye.variations(names).items():
        counts = [count(by_eye.tensor(image)) for image in images]
        assert sum(map(bool, counts)) >= 3, kind
        assert sum(counts) <= 5, kind
