"""What happened to every object: the counts and the JSON the user gets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from .detection import Detection
from .region import Region, Regions

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

    def as_json(self) -> dict[str, Any]:
        return {
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
        }


@dataclass
class DetailReport:
    """Per image, the objects in the order they were found."""

    detector: str
    confidence: float
    images: list[list[ObjectReport]] = field(default_factory=list)

    @staticmethod
    def of(regions: Regions) -> DetailReport:
        """A report that knows the objects which became no region."""
        found = regions.detections
        report = DetailReport(found.detector, found.threshold.applied, [[] for _ in found.images])
        for index, detection, reason in regions.dropped:
            report.images[index].append(ObjectReport(detection, "skipped", reason))
        return report

    def add(self, region: Region, members: Iterable[ObjectReport]) -> None:
        """Record one region: an entry for every object in it."""
        self.images[region.image_index].extend(members)

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
                "objects": [o.as_json() for o in sorted(items, key=lambda item: item.detection.index)],
            }
            for i, items in enumerate(self.images)
        ]
        return json.dumps({"detector": self.detector, "confidence": self.confidence, "images": images})
