"""What a detector is: the protocol every family keeps, and its entry in the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

from ..detailer.detection import Detection
from ..detailer.names import unknown
from ..detailer.threshold import Threshold

Progress = Callable[[int, int], None]
"""Called with the bytes of a download that are there and those there will be (0: unknown). May raise to cancel."""


class Detector(Protocol):
    """An opened detector: its weights are read, its networks run wherever they have been placed."""

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """Everything that has to be on the compute device before `detect` is called."""
        ...

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """Detections of [B, H, W, 3] images (float, 0..1, any device) with score >= confidence, best first."""
        ...


@runtime_checkable
class Vocabulary(Protocol):
    """A detector that says what it tells apart."""

    @property
    def names(self) -> Sequence[str]:
        """Every label that its detections may have."""
        ...


@runtime_checkable
class OpenVocabulary(Protocol):
    """A detector that may be told what to look for."""

    def set_classes(self, classes: Sequence[str]) -> bool:
        """Find these classes and no others from now on; ValueError if that cannot be done.

        False: its network knows its own classes only.
        """
        ...


@runtime_checkable
class Nested(Protocol):
    """A detector that may do without averaging: where it says so, a lower threshold only adds objects."""

    @property
    def nested(self) -> bool:
        """Whether the objects above a threshold are the same, bit by bit, when it looks below it too."""
        ...


@dataclass(frozen=True)
class Entry:
    """A detector that can be opened, and what has to be known of it before.

    `floor` is the lowest confidence it accepts; lower ones are raised to it. `reach` is the size of the smallest object
    it finds for certain, as a share of the image's long side; 1/32 suits networks that see 640 px. `lacks` names the
    weights file that is not there, "" if nothing is missing; `fetch` downloads it, with the user's consent only.
    """

    name: str
    open: Callable[[], Detector]
    floor: float = 0.0
    reach: float = 1 / 32
    lacks: Callable[[], str] = str
    fetch: Callable[[Progress | None], object] = lambda progress: None

    def threshold(self, asked: float) -> Threshold:
        """What a confidence asked for becomes with this detector's floor."""
        return Threshold(asked, self.floor)


def limit_to(detector: Detector, classes: Sequence[str]) -> None:
    """Have an opened detector look for these classes, where it can be told to; none: for what it knows.

    ValueError if none of them is among the labels that it says it has, so that it could find nothing.
    """
    if not classes or (isinstance(detector, OpenVocabulary) and detector.set_classes(classes)):
        return
    if isinstance(detector, Vocabulary):
        known = {name.casefold() for name in detector.names}
        if known.isdisjoint(name.casefold() for name in classes):
            raise ValueError(unknown("labels", ", ".join(classes), detector.names))
