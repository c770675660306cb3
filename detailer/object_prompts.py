"""A prompt for each object."""

from __future__ import annotations

from dataclasses import dataclass, field

from .detection import Detection


@dataclass(frozen=True)
class ObjectPrompts:
    """`lines[i]` is for the i-th object of each image, `by_label` for all objects of a class."""

    lines: tuple[str, ...] = ()
    by_label: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def parse(text: str, labels: set[str]) -> ObjectPrompts:
        """From one line per object, or `label: prompt` where the label is among `labels`. Empty lines count."""
        lines: list[str] = []
        by_label: dict[str, str] = {}
        known = {label.casefold() for label in labels}
        for line in text.splitlines():
            label, colon, prompt = line.partition(":")
            if colon and label.strip().casefold() in known:
                by_label[label.strip().casefold()] = prompt.strip()
            else:
                lines.append(line.strip())
        return ObjectPrompts(tuple(lines), by_label)

    def of(self, detection: Detection, place: int) -> str | None:
        """The prompt for the object at `place` in its image; None where the common one applies."""
        line = self.lines[place] if place < len(self.lines) else ""
        return line or self.by_label.get(detection.label.casefold()) or None
