"""Whether a repair is better than what was there: a table of tests, each of them a number and its bounds.

The bounds were chosen on held-out faces (`tools/face_model`), broken, repaired and spoiled; `make bench ARGS=judge`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch

from .box import Box
from .comparison import Pair
from .crop import blended
from .detection import Detection, Extent
from .region import Region

NEAR = 2.5
"""Side of the square that is looked at, in longer sides of the mask's box."""

LEAST_COVERED = 0.5
"""An object is only looked at again if at least this share of its box was repainted; inverted masks spare it."""

SURE = 0.5
"""Presence from which on landmarks say where something is."""


class Observation(NamedTuple):
    """What the networks for objects of its kind see of one object."""

    score: float
    """Of the detector, 0 to 1; 0 where it finds none."""
    extent: Extent | None
    """Where it is, in pixels of the picture; None where there is none."""
    presence: float
    """How sure the landmark network is that it is one, 0 to 1."""
    points: np.ndarray
    """The landmarks [N, 2], in pixels of the picture."""
    unit: float
    """A length in it, in pixels, that expression and pose hardly change: between the eyes, along the palm."""
    fingers: int | None = None
    """How many of a hand's fingers stand apart; None for what has none."""


class Observer(Protocol):
    """Networks that look again at one object."""

    def __call__(self, pictures: torch.Tensor, detection: Detection) -> list[Observation] | None:
        """In each of [N, H, W, 3] pictures (0..1) of the place; None if no network knows such objects."""
        ...


@dataclass(frozen=True, eq=False)
class Evidence:
    """The repaired place before and after, and how the networks see each of its objects before and after."""

    pixels: Pair
    observations: Sequence[tuple[Observation, Observation]]


class Test(NamedTuple):
    """`measure` gives None where the test does not apply; the repair passes from `least` to `most`."""

    name: str
    fault: str
    """What is wrong where it fails, in a few words."""
    measure: Callable[[Evidence], float | None]
    least: float = -math.inf
    most: float = math.inf

    @property
    def bound(self) -> str:
        """In words; every test has one."""
        return f"at most {self.most:g}" if math.isinf(self.least) else f"at least {self.least:g}"


class Measured(NamedTuple):
    """A test's number, and whether it passed."""

    test: Test
    value: float

    @property
    def passed(self) -> bool:
        """Whether the number lies within the test's bounds."""
        return self.test.least <= self.value <= self.test.most

    def __str__(self) -> str:
        return f"{self.test.fault} ({self.test.name} {self.value:.2f}, {self.test.bound})"


class Verdict(NamedTuple):
    """The outcomes of all tests that apply."""

    outcomes: tuple[Measured, ...]

    @property
    def failed(self) -> list[Measured]:
        """Those that a repair may not have."""
        return [outcome for outcome in self.outcomes if not outcome.passed]

    @property
    def reason(self) -> str:
        """Why the repair is not taken."""
        return "the repair was worse: " + ", ".join(map(str, self.failed))

    def as_json(self) -> dict[str, dict[str, float | bool]]:
        """For the report: by the test's name its value, and whether it passed."""
        return {each.test.name: {"value": round(each.value, 3), "passed": each.passed} for each in self.outcomes}


def judge(original: torch.Tensor, patch: torch.Tensor, region: Region, observer: Observer | None) -> Verdict:
    """A patch [1, h, w, 3] of the window, against what is in the [H, W, C] `original`, which stays as it is.

    Nothing of other objects is looked at, so that an object's verdict does not depend on them.
    """
    evidence = _evidence(original, patch, region, observer)
    measured = ((test, test.measure(evidence)) for test in TESTS)
    return Verdict(tuple(Measured(test, value) for test, value in measured if value is not None))


def _evidence(original: torch.Tensor, patch: torch.Tensor, region: Region, observer: Observer | None) -> Evidence:
    box = region.alpha.box
    side = round(NEAR * max(box.width, box.height))
    near = box.grown_to(side, side).slid_inside(original.shape[1], original.shape[0])
    pictures = original[near.slices][..., :3].float().cpu().repeat(2, 1, 1, 1)
    inner = box.relative_to(near).slices
    pictures[1][inner] = blended(original, patch, region).float().cpu()
    observations = [observer(pictures.clamp(0, 1), each) for each in _repainted(region, near)] if observer else []
    pair = Pair(pictures[0][inner], pictures[1][inner], region.alpha.values.cpu())
    return Evidence(pair, [(found[0], found[1]) for found in observations if found])


def _repainted(region: Region, near: Box) -> Iterable[Detection]:
    """The region's objects in the picture `near` it, but for those that the mask leaves out."""
    for member in region.members:
        if region.alpha.on(member.box).mean() >= LEAST_COVERED:
            yield member.shifted(-near.x0, -near.y0)


def _least(measure: Callable[[Observation, Observation], float | None]) -> Callable[[Evidence], float | None]:
    """The least of all objects that have it."""
    return lambda evidence: min(_of_all(measure, evidence), default=None)


def _most(measure: Callable[[Observation, Observation], float | None]) -> Callable[[Evidence], float | None]:
    return lambda evidence: max(_of_all(measure, evidence), default=None)


def _of_all(measure: Callable[[Observation, Observation], float | None], evidence: Evidence) -> list[float]:
    values = (measure(before, after) for before, after in evidence.observations)
    return [value for value in values if value is not None]


def _growth(before: Observation, after: Observation) -> float | None:
    """How much larger or smaller it is seen, always 1 or more."""
    if before.extent is None or after.extent is None:
        return None
    ratio = math.sqrt(after.extent.area / before.extent.area)
    return max(ratio, 1 / ratio)


def _moved(before: Observation, after: Observation) -> float | None:
    if min(before.presence, after.presence) < SURE:
        return None
    return float(np.linalg.norm(after.points - before.points, axis=1).mean() / before.unit)


def _fewer_fingers(before: Observation, after: Observation) -> float | None:
    if before.fingers is None or after.fingers is None:
        return None
    return max(before.fingers - after.fingers, 0)


TESTS = (
    Test("shift", "it lies elsewhere", lambda e: e.pixels.shift, most=0.05),
    Test("likeness", "it is something else", lambda e: e.pixels.likeness, least=0.5),
    Test("colour", "its colours are others", lambda e: e.pixels.colour, most=6.0),
    Test("ring", "its rim has other colours", lambda e: e.pixels.ring, most=3.0),
    Test("sharpness", "it is blurred", lambda e: e.pixels.sharpness, least=0.77),
    Test("blown", "it is black or white in places", lambda e: e.pixels.blown, most=0.02),
    Test("score", "it is harder to find", _least(lambda before, after: after.score - before.score), least=-0.15),
    Test("size", "it has another size", _most(_growth), most=1.5),
    Test("presence", "it hardly looks like one", _least(lambda before, after: after.presence - before.presence), -0.4),
    Test("landmarks", "its parts lie elsewhere", _most(_moved), most=0.15),
    Test("fingers", "fingers are missing", _most(_fewer_fingers), most=0.0),
)
"""All that a repair has to pass. Values are differences to what was there, in units that no size changes."""
