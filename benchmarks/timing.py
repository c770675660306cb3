"""Measuring one detector in a process of its own; without torch, so that a package's environment can import it too."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

SIZES, BATCHES, REPEATS = (512, 1024, 2048), (1, 16), 5

Detect = Callable[[int, int], Sequence[int]]
"""Of the size of a picture and how many of it; returns how many objects each one holds."""


def measured(opened: Callable[[], AbstractContextManager[Detect]]) -> dict[str, Any]:
    """Milliseconds to open, per image by "size batch" the quickest of a few, megabytes beyond imports and pictures."""
    before, start = peak_mb(), time.perf_counter()
    with opened() as detect:
        opening = (time.perf_counter() - start) * 1000
        found = detect(SIZES[0], 1)[0]
        times = {f"{size} {batch}": quickest(detect, size, batch) for size in SIZES for batch in BATCHES}
    return {"opening": opening, "found": found, "times": times, "memory": peak_mb() - before}


def quickest(detect: Detect, size: int, batch: int) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        detect(size, batch)
        times.append((time.perf_counter() - start) * 1000 / batch)
    return min(times)


def peak_mb() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def pictures_of(file: Mapping[str, Any]) -> dict[int, Any]:
    return {size: file[str(size)] for size in SIZES}
