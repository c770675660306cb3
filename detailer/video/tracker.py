"""Which objects of successive frames are the same."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import torch

from ..box import Box
from ..detection import Detection, Detections, LeftOut
from ..region import Regions
from .appearance import likeness, signature
from .cuts import first_frames

MAX_GAP = 5
"""Frames an object may be missing before its track ends."""

MIN_LIKENESS, MIN_COVERED = 0.42, 0.15
"""Below the first it is somebody else; below the second even where another object may cover half of it."""

MAX_STEP = 0.8
"""How far an object may be from where it is expected, in its own sizes and for each frame; overlap is no condition."""

MAX_GROWTH = 1.6
"""How much larger or smaller it may be than when it was last seen."""

MEMORY = 0.8
"""Share of a track's old appearance in its new one: light changes slowly, a passing hand does not stay."""


@dataclass(frozen=True)
class _Track:
    number: int
    box: Box
    frame: int
    velocity: tuple[float, float]
    """Pixels for each frame."""
    appearance: torch.Tensor

    def updated(self, frame: int, box: Box, appearance: torch.Tensor) -> _Track:
        passed = frame - self.frame
        moved = ((after - before) / passed for after, before in zip(box.center, self.box.center, strict=True))
        velocity = tuple(0.5 * old + 0.5 * new for old, new in zip(self.velocity, moved, strict=True))
        is_covered = likeness(self.appearance, appearance) < MIN_LIKENESS  # and what covers it is not remembered
        appearance = torch.lerp(appearance, self.appearance, 1.0 if is_covered else MEMORY)
        return replace(self, box=box, frame=frame, velocity=velocity, appearance=appearance)

    def likelihood(self, frame: int, box: Box, appearance: torch.Tensor, covered: bool) -> float | None:
        """How well it fits, higher is better; None if it cannot be the same object."""
        passed, size = frame - self.frame, math.sqrt(self.box.area)
        expected = (c + v * passed for c, v in zip(self.box.center, self.velocity, strict=True))
        distance = math.dist(tuple(expected), box.center) / size
        growth = math.sqrt(box.area) / size
        alike = likeness(self.appearance, appearance)
        enough = MIN_COVERED if covered or passed == 1 else MIN_LIKENESS
        if alike < enough or distance > MAX_STEP * passed or not 1 / MAX_GROWTH <= growth <= MAX_GROWTH:
            return None
        return alike - distance


def track_numbers(detections: Detections, images: torch.Tensor) -> dict[Detection, int]:
    """A number for every object; the same for one object in the frames [B, H, W, C] that it is seen in.

    Objects are matched by where they are expected and by what they look like; the pairs that fit best are joined
    first. A track ends with its scene, or when its object has not been seen for `MAX_GAP` frames.
    """
    numbers: dict[Detection, int] = {}
    tracks: dict[int, _Track] = {}
    cuts = first_frames(images) if any(detections.images) else set()
    started = 0
    for frame, found in enumerate(detections.images):
        alive = {} if frame in cuts else {n: t for n, t in tracks.items() if frame - t.frame <= MAX_GAP}
        appearances = {detection: signature(images[frame], detection.box) for detection in found}
        matched = _matched(frame, appearances, alive)
        tracks = dict(alive)
        for detection in found:
            track = matched.get(detection)
            if track is None:
                track = _Track(started, detection.box, frame, (0.0, 0.0), appearances[detection])
                started += 1
            else:
                track = track.updated(frame, detection.box, appearances[detection])
            tracks[track.number], numbers[detection] = track, track.number
    return numbers


def without_brief(regions: Regions, tracks: Mapping[Detection, int], min_frames: int) -> Regions:
    """Without the regions all of whose objects are seen in fewer than `min_frames` frames; `tracks`: their numbers."""
    seen = Counter(tracks.values())
    items, brief = [], list(regions.dropped)
    for region in regions.items:
        frames = max(seen[tracks[member]] for member in region.members)
        if frames >= min_frames:
            items.append(region)
        else:
            brief += [LeftOut(region.image_index, member, _brief(seen[tracks[member]])) for member in region.members]
    return replace(regions, items=tuple(items), dropped=tuple(brief))


def _brief(frames: int) -> str:
    return f"seen in {frames} frame{'s' * (frames > 1)} only, fewer than min_frames"


def _matched(
    frame: int, appearances: dict[Detection, torch.Tensor], alive: dict[int, _Track]
) -> dict[Detection, _Track]:
    pairs = [
        (likelihood, detection, track)
        for detection, appearance in appearances.items()
        for covered in [_touches(detection, appearances)]
        for track in alive.values()
        if (likelihood := track.likelihood(frame, detection.box, appearance, covered)) is not None
    ]
    matched: dict[Detection, _Track] = {}
    assigned: set[int] = set()
    for _, detection, track in sorted(pairs, key=lambda pair: -pair[0]):
        if detection not in matched and track.number not in assigned:
            matched[detection] = track
            assigned.add(track.number)
    return matched


def _touches(detection: Detection, all_found: Iterable[Detection]) -> bool:
    common = (detection.box.intersection(other.box) for other in all_found if other is not detection)
    return any(box.width > 0 and box.height > 0 for box in common)
