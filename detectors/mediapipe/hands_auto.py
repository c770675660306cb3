"""More hands: palms are proposed on tiles too and at lower scores, and the landmark network has to see a hand twice.

The numbers below were chosen on pictures counted by eye (tests/fixtures/people_by_eye.json).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from ..scan import grids
from .blaze import Proposal
from .hands import Hands, hand_roi, roll_of
from .landmarks import Shape, same_object, without_repeats
from .rotated_crops import Roi

WHOLE, TILE = 0.15, 0.5  # score of a palm from which on it is looked at, by where it was seen
AVERAGED = 0.2  # and from which on its box is averaged with those it overlaps
PRESENCE = 0.75  # in the crop around the palm, and in a second one around the landmarks found there
FLOOR = 0.3  # nothing that is reported has a lower score
AROUND = 1.8  # side of the second crop over that of the landmarks' square


class HandsAuto(Hands):
    """A lower threshold adds hands and leaves all others as they are."""

    nested = True

    def find(self, images: torch.Tensor, confidence: float) -> list[list[Shape]]:
        """The hands of each of [B, H, W, 3] images with score >= confidence, best first."""
        return [[hand for hand in self._hands(image[None]) if hand.score >= confidence] for image in images]

    def _hands(self, image: torch.Tensor) -> list[Shape]:
        """The hands of a [1, H, W, 3] image, each once, best first."""
        palms = self._palms(image)
        pairs = zip(palms, self.landmarks.shapes(image, [hand_roi(palm) for palm in palms]), strict=True)
        likely = [(palm, hand) for palm, hand in pairs if hand.presence >= PRESENCE]
        again = self.landmarks.shapes(image, [second_roi(hand.points) for _, hand in likely])
        hands = []
        for (palm, first), second in zip(likely, again, strict=True):
            if second.presence >= PRESENCE:
                better = second if second.presence >= first.presence else first
                hands.append(replace(better, score=(palm.score + better.presence) / 2))
        return without_repeats(hands, same_object)

    def _palms(self, image: torch.Tensor) -> list[Proposal]:
        """Seen in all of a [1, H, W, 3] image, and in its quarters."""
        [found] = self.palms.propose(image, WHOLE)
        [grid] = grids(image.shape[2], image.shape[1], "2", reach=1)
        for top in grid.rows.starts:
            for left in grid.columns.starts:
                tile = image[:, top : top + grid.rows.length, left : left + grid.columns.length]
                [palms] = self.palms.propose(tile, AVERAGED)
                found += [palm.shifted(left, top) for palm in palms if palm.score >= TILE]
        return found


def second_roi(points: np.ndarray) -> Roi:
    """A square around [21, 2] landmarks, turned so that the fingers point up."""
    angle = math.radians(roll_of(points))
    cos, sin = math.cos(angle), math.sin(angle)
    upright = points @ np.array([[cos, -sin], [sin, cos]])
    low, high = upright.min(0), upright.max(0)
    x, y = (low + high) / 2 @ np.array([[cos, sin], [-sin, cos]])
    return Roi(0, float(x), float(y), AROUND * float((high - low).max()), angle)
