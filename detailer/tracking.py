"""Which objects of successive frames are the same."""

from __future__ import annotations

from collections.abc import Sequence

from .box import Box
from .detection import Detection, Detections

MIN_OVERLAP = 0.3
"""Intersection over union from which on two boxes of successive frames are one object."""

MAX_GAP = 5
"""Frames an object may be missing before its track ends."""


def track_numbers(detections: Detections) -> dict[Detection, int]:
    """A number for every object; the same for an object that overlaps with itself in an earlier frame.

    Greedy: the pairs that overlap most are joined first.
    """
    numbers: dict[Detection, int] = {}
    last_seen: dict[int, tuple[int, Box]] = {}
    for frame, found in enumerate(detections.images):
        live = {number: box for number, (seen, box) in last_seen.items() if frame - seen <= MAX_GAP}
        matched = _matched(found, live)
        for detection in found:
            number = matched.get(detection, len(last_seen))
            numbers[detection] = number
            last_seen[number] = (frame, detection.box)
    return numbers


def _matched(found: Sequence[Detection], live: dict[int, Box]) -> dict[Detection, int]:
    overlaps = [
        (_overlap(detection.box, box), detection, number) for detection in found for number, box in live.items()
    ]
    matched: dict[Detection, int] = {}
    for overlap, detection, number in sorted(overlaps, key=lambda item: -item[0]):
        if overlap >= MIN_OVERLAP and detection not in matched and number not in matched.values():
            matched[detection] = number
    return matched


def _overlap(a: Box, b: Box) -> float:
    common = a.intersection(b).area
    return common / (a.area + b.area - common)
