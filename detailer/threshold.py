"""How sure a detector has to be of an object."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Threshold:
    """A score in 0..1 that was asked for, and the lowest one that the detector accepts."""

    asked: float = 0.0
    floor: float = 0.0

    @property
    def applied(self) -> float:
        """Objects with at least this score are kept."""
        return max(self.asked, self.floor)

    def at(self, asked: float) -> Threshold:
        """The same detector, asked for another score."""
        return replace(self, asked=asked)
