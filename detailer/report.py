"""What happened to every object: the counts and the JSON the user gets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .detection import Detection
from .region import Region, Regions
from .selection import pick_text

Status = Literal["inpainted", "skipped", "failed", "removed"]


@dataclass(frozen=True, eq=False)
class ObjectReport:
    """The fate of one object; `region` and `seed` are None if it never became a region."""

    detection: Detection
    status: Status
    reason: str | None = None
    region: Region | None = None
    seed: int | None = None
    track: int | None = None
    milliseconds: float | None = None
    notes: tuple[str, ...] = ()
    """Sentences about this object alone."""

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.detection.number,
            "label": self.detection.label,
            "score": round(self.detection.score, 4),
            "box": list(self.detection.box),
            "window": list(self.region.window) if self.region else None,
            "sampled_at": list(self.region.sampled_at) if self.region else None,
            "seed": self.seed,
            "track": self.track,
            "status": self.status,
            "reason": self.reason,
            "milliseconds": self.milliseconds if self.milliseconds is None else round(self.milliseconds, 1),
            "notes": list(self.notes),
        }


@dataclass
class DetailReport:
    """Per image, every object that was found, and what there is to say about the run."""

    detector: str
    confidence: float
    images: list[list[ObjectReport]] = field(default_factory=list)
    run_notes: list[str] = field(default_factory=list)

    @staticmethod
    def of(regions: Regions) -> DetailReport:
        """A report that knows the objects which were left out or became no region."""
        found = regions.detections
        report = DetailReport(found.detector, found.confidence, [[] for _ in found.images], [*found.notes])
        for index, detection, reason in (*found.left_out, *regions.dropped):
            report.images[index].append(ObjectReport(detection, "skipped", reason))
        return report

    def add(self, region: Region, members: Iterable[ObjectReport]) -> None:
        """Record one region: an entry for every object in it."""
        self.images[region.image_index].extend(members)

    def note(self, *sentences: str) -> None:
        """Something that was ignored, guessed or left out in the whole run."""
        self.run_notes += sentences

    @property
    def notes(self) -> list[str]:
        """All there is to say, each sentence once: of the run, of single objects, and which were not repaired."""
        of_objects = [
            f"{_named([item], index, len(self.images))}: {sentence}"
            for index, items in enumerate(self.images)
            for item in _by_number(items)
            for sentence in item.notes
        ]
        return list(dict.fromkeys((*self.run_notes, *of_objects, *self._left_alone())))

    def _left_alone(self) -> list[str]:
        groups: dict[tuple[int, Status, str | None, bool], list[ObjectReport]] = {}
        for index, items in enumerate(self.images):
            for item in _by_number(items):
                if item.status != "inpainted":
                    key = index, item.status, item.reason, item.detection.number is None
                    groups.setdefault(key, []).append(item)
        return [
            f"{_named(items, index, len(self.images))}: {status}, {reason}."
            for (index, status, reason, _), items in groups.items()
        ]

    def counts(self, *statuses: Status) -> list[int]:
        """Objects per image with one of `statuses`; all objects if none is given."""
        return [sum(not statuses or item.status in statuses for item in items) for items in self.images]

    def as_json(self) -> str:
        detected, inpainted, removed = self.counts(), self.counts("inpainted"), self.counts("removed")
        images = [
            {
                "num_objects_detected": detected[i],
                "num_objects_inpainted": inpainted[i],
                "num_removed_for_safety": removed[i],
                "objects": [item.as_json() for item in _by_number(items)],
            }
            for i, items in enumerate(self.images)
        ]
        return json.dumps(
            {"detector": self.detector, "confidence": self.confidence, "images": images, "notes": self.notes}
        )


def _by_number(items: Iterable[ObjectReport]) -> list[ObjectReport]:
    """In the order of the numbers on the picture; objects that have none come last."""

    def key(item: ObjectReport) -> tuple[bool, int]:
        number = item.detection.number
        return number is None, item.detection.index if number is None else number

    return sorted(items, key=key)


def _named(items: Sequence[ObjectReport], image_index: int, images: int) -> str:
    """ "Object 2", "Objects 0, 2-4" or "2 objects without a number", with the image where there are several."""
    numbers = [item.detection.number for item in items if item.detection.number is not None]
    many = "s" * (len(items) > 1)
    which = f"Object{many} {pick_text(numbers)}" if numbers else f"{len(items)} object{many} without a number"
    return f"{which} of image {image_index}" if images > 1 else which
