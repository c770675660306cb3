"""What happened to every object: the counts and the JSON the user gets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .detection import Detection
from .judge import Verdict
from .region import Region, Regions
from .selection import pick_text

Status = Literal["inpainted", "skipped", "failed", "removed", "rejected"]


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
    denoise: float | None = None
    """None where it is that of all objects."""
    notes: tuple[str, ...] = ()
    """Sentences about this object alone."""
    tries: int | None = None
    """How many repairs of it were judged; None if none was."""
    verdict: Verdict | None = None
    """On the repair that was kept, or on the best of those that were not."""

    def as_json(self) -> dict[str, Any]:
        """What docs/report.md lists for an object; pixels of the image."""
        return {
            "number": self.detection.number,
            **placed_json(self.detection, self.region),
            "sampled_at_why": self.region.sampled_at_why if self.region else None,
            "seed": self.seed,
            "denoise": self.denoise if self.denoise is None else round(self.denoise, 3),
            "track": self.track,
            "status": self.status,
            "reason": self.reason,
            "tries": self.tries,
            "judged": self.verdict and self.verdict.as_json(),
            "milliseconds": self.milliseconds if self.milliseconds is None else round(self.milliseconds, 1),
            "notes": list(self.notes),
        }


def placed_json(detection: Detection, region: Region | None) -> dict[str, Any]:
    """What an object is and where, and the window it is repaired in; pixels of the image."""
    return {
        "label": detection.label,
        "score": round(detection.score, 4),
        "box": list(detection.box),
        "window": list(region.window) if region else None,
        "turn": round(region.turn, 1) if region else None,
        "sampled_at": list(region.sampled_at) if region else None,
    }


class _Place(NamedTuple):
    image_index: int
    report: ObjectReport


@dataclass
class DetailReport:
    """Per image, every object that was found, and what there is to say about the run."""

    detector: str
    confidence: float
    images: list[list[ObjectReport]] = field(default_factory=list)
    run_notes: list[str] = field(default_factory=list)
    family: str | None = None
    """The model's family; None if no model was asked."""

    @staticmethod
    def of(regions: Regions) -> DetailReport:
        """A report that knows the objects which were left out or became no region."""
        found = regions.detections
        images: list[list[ObjectReport]] = [[] for _ in found.images]
        report = DetailReport(found.detector, found.threshold.applied, images, [*found.notes])
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
            f"{self._named([place])}: {sentence}" for place in self._in_order() for sentence in place.report.notes
        ]
        left_alone: dict[tuple[Status, str | None], list[_Place]] = {}
        for place in self._in_order():
            if place.report.status != "inpainted":
                left_alone.setdefault((place.report.status, place.report.reason), []).append(place)
        fates = [
            f"{self._named(places)}: {status}, {(reason or '').rstrip('.')}."
            for (status, reason), places in left_alone.items()
        ]
        return list(dict.fromkeys((*self.run_notes, *of_objects, *fates)))

    def _in_order(self) -> list[_Place]:
        return [_Place(index, item) for index, items in enumerate(self.images) for item in _by_number(items)]

    def _named(self, places: Sequence[_Place]) -> str:
        """ "Object 2", "Objects 0, 2-4 of image 1", "2 objects" without numbers, or "7 objects in 3 images"."""
        many = "s" * (len(places) > 1)
        images = {place.image_index for place in places}
        if len(images) > 1:
            return f"{len(places)} objects in {len(images)} images"
        numbers = [place.report.detection.number for place in places]
        numbered = [number for number in numbers if number is not None]
        all_numbered = len(numbered) == len(places)
        which = f"Object{many} {pick_text(numbered)}" if all_numbered else f"{len(places)} object{many}"
        return f"{which} of image {images.pop()}" if len(self.images) > 1 else which

    def check(self) -> None:
        """RuntimeError where every object that was tried failed, and all for one reason: nothing was done."""
        tried = [item for items in self.images for item in items if item.status != "skipped"]
        reasons = {item.reason for item in tried}
        if tried and len(reasons) == 1 and all(item.status == "failed" for item in tried):
            what = "The object" if len(tried) == 1 else f"All {len(tried)} objects"
            raise RuntimeError(f"{what} failed. {reasons.pop()}")

    def counts(self, *statuses: Status) -> list[int]:
        """Objects per image with one of `statuses`; all objects if none is given."""
        return [sum(not statuses or item.status in statuses for item in items) for items in self.images]

    def as_json(self) -> str:
        """The whole report as JSON text, as docs/report.md describes it."""
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
            {
                "detector": self.detector,
                "confidence": self.confidence,
                "family": self.family,
                "images": images,
                "notes": self.notes,
            }
        )


def _by_number(items: Iterable[ObjectReport]) -> list[ObjectReport]:
    """In the order of the numbers on the picture; objects that have none come last."""

    def key(item: ObjectReport) -> tuple[bool, int]:
        number = item.detection.number
        return number is None, item.detection.index if number is None else number

    return sorted(items, key=key)
