"""Every face of a picture, whatever its size, side and turn.

CenterFace and MediaPipe's two detectors propose, at scores so low that they would report much that is no face. What
CenterFace is sure of counts; the rest only if MediaPipe's landmark network sees a face in it or, where it is small, if
CenterFace is sure in a closer look. Where no look at the upright picture is sure of a face, CenterFace looks at
it turned by quarters too. The numbers below were chosen on pictures counted by eye (tests/fixtures/people_by_eye.json).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch

from ...detailer.box import Box
from ...detailer.detection import Detection, Extent
from ..head import face
from ..mediapipe.blaze import Proposal
from ..mediapipe.face_boxes import full_range, short_range
from ..mediapipe.face_parts import face_landmarks
from ..mediapipe.landmarks import shared, without_repeats
from ..turned import extent_back, point_back
from .center import CenterFace

SIDES = (320, 576)  # long side of the picture for CenterFace: large and turned faces, small ones
TURNED_SIDE = 320
MAX_TURNED = 2048  # pixels of a long side; of a larger picture every second, third, ... is turned
MAX_ENLARGED = 2  # times

SURE = 0.5  # score of CenterFace that needs nobody else
WEAK = 0.2  # score of CenterFace, and of `full` below, from which on the landmark network is asked
WEAK_FULL = 0.6
PROPOSED = 0.3  # score of MediaPipe's detectors from which on they have a say in where a face is
PRESENCE = 0.5
TURNED_WEAK, TURNED_PRESENCE = 0.35, 0.8  # the same in a turned picture, where both see more that is none
SMALL = 1 / 10  # of the long side; a closer look at such a face shows CLOSER times its size at CLOSER_SIDE pixels
CLOSER, CLOSER_SIDE, CLOSER_SURE = 4, 224, 0.55
MOST_CLOSER = 8  # in one picture
FLOOR = 0.3  # nothing that is reported has a lower score
REACH = 1 / 32
SAME_FACE = 0.5  # share of the smaller box that lies in the larger


@dataclass(eq=False)
class Candidate:
    """Proposals that lie in one place, the best one first."""

    proposals: list[Proposal]
    center: float = 0.0
    """CenterFace's best score."""
    full: float = 0.0
    """The best score of MediaPipe's detector for faces of all sizes."""
    presence: float = 0.0
    """How sure the landmark network is."""
    closer: float = 0.0
    """CenterFace's score in a closer look."""

    @property
    def extent(self) -> Extent:
        """Of the best proposal."""
        return self.proposals[0].extent

    @property
    def keypoints(self) -> list[tuple[float, float]]:
        """x, y of the best proposal's."""
        return self.proposals[0].keypoints

    def scaled(self, factor: float) -> Candidate:
        """The same in an image `factor` times as large."""
        if factor == 1:
            return self
        return replace(self, proposals=[proposal.scaled(factor) for proposal in self.proposals])

    @property
    def unsure(self) -> bool:
        """Whether it takes another network to tell."""
        return self.center < SURE and (self.center >= WEAK or self.full >= WEAK_FULL)

    @property
    def score(self) -> float:
        """0 for what is no face: unsure and not confirmed."""
        if self.center >= SURE:
            return self.center
        mean = (max(self.center, self.full) + self.presence) / 2
        confirmed = self.unsure and self.presence >= PRESENCE
        return max(mean if confirmed else 0.0, self.closer if self.closer >= CLOSER_SURE else 0.0)


class FaceAuto:
    """The boxes of all faces. A lower threshold adds faces and leaves all others as they are."""

    names = ("face",)
    nested = True

    def __init__(self):
        self.center, self.full, self.short = CenterFace(), full_range(), short_range()
        self.landmarks = face_landmarks()

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """All that look, and the one that confirms."""
        return [self.center.net, self.full.net, self.short.net, self.landmarks.net]

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """Boxes of [B, H, W, 3] images with score >= confidence, best first."""
        height, width = images.shape[1:3]
        found = []
        for image in images:
            faces = [one for one in self.faces(image) if one.score >= max(confidence, FLOOR)]
            boxes = [face(one.extent, one.keypoints, one.score, width, height) for one in faces]
            found.append(sorted(filter(None, boxes), key=lambda box: -box.score))
        return found

    def faces(self, image: torch.Tensor) -> list[Candidate]:
        """The faces of an [H, W, 3] image, each once."""
        longest = max(image.shape[:2])
        candidates = self.propose(image, sorted({min(side, MAX_ENLARGED * longest) for side in SIDES}))
        self.confirm(image, [one for one in candidates if one.unsure])
        self.zoom_in(image, [one for one in candidates if one.unsure and not one.score])
        if not any(candidate.center >= SURE for candidate in candidates):
            candidates += self.turned(image, min(TURNED_SIDE, MAX_ENLARGED * longest))
        sure = [candidate for candidate in candidates if candidate.score]
        return without_repeats(sure, lambda a, b: same_face(a.extent, b.extent))

    def turned(self, image: torch.Tensor, side: int) -> list[Candidate]:
        """The faces of an [H, W, 3] image that stand upright when it is turned by one, two or three quarters."""
        found: list[Candidate] = []
        step = max(max(image.shape[:2]) // MAX_TURNED, 1)
        image = image[::step, ::step]  # turning copies it
        for turns in (1, 2, 3):
            view = image.rot90(turns, (0, 1))
            likely = _gathered([("center", proposal) for proposal in self.center.propose(view, side, TURNED_WEAK)])
            self.confirm(view, likely)
            upright = [candidate for candidate in likely if candidate.presence >= TURNED_PRESENCE]
            found += [turned_back(candidate, turns, *image.shape[:2]).scaled(step) for candidate in upright]
        return found

    def propose(self, image: torch.Tensor, sides: Iterable[int]) -> list[Candidate]:
        """What there may be in an [H, W, 3] image as it stands."""
        proposals = [("center", found) for side in sides for found in self.center.propose(image, side, WEAK)]
        proposals += [("full", found) for found in self.full.propose(image[None], PROPOSED)[0]]
        proposals += [("short", found) for found in self.short.propose(image[None], PROPOSED)[0]]
        return _gathered(proposals)

    def confirm(self, image: torch.Tensor, candidates: Iterable[Candidate]) -> None:
        """Ask the landmark network."""
        asked = [(candidate, proposal) for candidate in candidates for proposal in candidate.proposals]
        shapes = self.landmarks.shapes(image[None], [self.landmarks.roi(proposal) for _, proposal in asked])
        for (candidate, _), shape in zip(asked, shapes, strict=True):
            candidate.presence = max(candidate.presence, shape.presence)

    def zoom_in(self, image: torch.Tensor, candidates: Iterable[Candidate]) -> None:
        """Ask CenterFace again about small ones that it saw itself, best first."""
        height, width = image.shape[:2]
        small = [one for one in candidates if one.center >= WEAK and one.extent.long_side < SMALL * max(height, width)]
        for candidate in sorted(small, key=lambda one: -one.center)[:MOST_CLOSER]:
            around = round(CLOSER * candidate.extent.long_side)
            window = candidate.extent.rounded().grown_to(around, around).intersection(Box.of_size(width, height))
            for again in self.center.propose(image[window.slices], CLOSER_SIDE, CLOSER_SURE):
                if same_face(again.extent.shifted(window.x0, window.y0), candidate.extent):
                    candidate.closer = max(candidate.closer, again.score)


def _gathered(proposals: Iterable[tuple[str, Proposal]]) -> list[Candidate]:
    """The proposals of "center", "full" and "short", those of one place together."""
    candidates: list[Candidate] = []
    # CenterFace's boxes reach from the hairline to the chin, so they come first.
    for name, proposal in sorted(proposals, key=lambda one: -one[1].score * (1.5 if one[0] == "center" else 1)):
        same = [one for one in candidates if same_face(one.extent, proposal.extent)]
        candidate = same[0] if same else Candidate([])
        candidates += [] if same else [candidate]
        candidate.proposals.append(proposal)
        if name != "short":
            setattr(candidate, name, max(getattr(candidate, name), proposal.score))
    return candidates


def same_face(a: Extent, b: Extent) -> bool:
    """Whether the boxes share much, or the middle of one lies in the other: small boxes may lie half aside."""
    return shared(a, b) > SAME_FACE or _middle_inside(a, b) or _middle_inside(b, a)


def _middle_inside(a: Extent, b: Extent) -> bool:
    x, y = a.center
    return b.x0 <= x <= b.x1 and b.y0 <= y <= b.y1


def turned_back(candidate: Candidate, turns: int, height: int, width: int) -> Candidate:
    """A candidate of a `height` x `width` image that was turned left `turns` times, where it lies in the image."""

    def moved(proposal: Proposal) -> Proposal:
        keypoints = [point_back(x, y, turns, height, width) for x, y in proposal.keypoints]
        return replace(proposal, extent=extent_back(proposal.extent, turns, height, width), keypoints=keypoints)

    return replace(candidate, proposals=[moved(proposal) for proposal in candidate.proposals])
