"""What a run has done so far, and the table at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Fate = Literal["detailed", "skipped", "copied", "failed"]
SHOWN_FAILURES = 10


@dataclass
class Share:
    """Of one server."""

    pictures: int = 0
    seconds: float = 0.0

    @property
    def mean(self) -> float:
        """Seconds a picture."""
        return self.seconds / max(self.pictures, 1)


@dataclass
class Tally:
    """total: all pictures of the run, if that is known."""

    total: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    servers: dict[str, Share] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    found: int = 0
    repaired: int = 0

    @property
    def left(self) -> int:
        """Pictures that were not come to."""
        return max(0, self.total - self.fates.total())

    @property
    def is_whole(self) -> bool:
        """Whether every picture is done."""
        return not (self.left or self.fates["failed"])

    def __str__(self) -> str:
        counts = {fate: self.fates[fate] for fate in ("detailed", "skipped", "copied", "failed")} | {"left": self.left}
        return ", ".join(f"{count} {fate}" for fate, count in counts.items() if count or fate == "detailed")

    def detailed(self, server: str, seconds: float, reports: Iterable[Any]) -> None:
        """Count a result of a server, and the objects of its reports."""
        share = self.servers.setdefault(server, Share())
        share.pictures += 1
        share.seconds += seconds
        for image in (image for report in reports for image in images_of(report)):
            self.found += image.get("num_objects_detected", 0)
            self.repaired += image.get("num_objects_inpainted", 0)

    def table(self) -> str:
        """For the end of a run: the same lines whatever ended first."""
        width = max([10, *map(len, self.servers)])
        lines = [
            f"  {name:{width}}  {share.pictures:6}, {share.mean:.1f} s each"
            for name, share in sorted(self.servers.items())
        ]
        if self.found:
            lines.append(f"  {'objects':{width}}  {self.found:6} found, {self.repaired} repaired")
        notes = sorted(self.notes.items(), key=lambda item: (-item[1], item[0]))
        lines += [f"  {count} x {note}" for note, count in notes]
        lines += [f"  failed: {failure}" for failure in sorted(self.failures)[:SHOWN_FAILURES]]
        if (more := len(self.failures) - SHOWN_FAILURES) > 0:
            lines.append(f"  failed: {more} more, see batch.jsonl")
        return "\n".join(lines)


def images_of(report: Any) -> list[dict[str, Any]]:
    """The images of a report; none of what another pack calls a report."""
    images = report.get("images") if isinstance(report, dict) else None
    return [image for image in images if isinstance(image, dict)] if isinstance(images, list) else []
