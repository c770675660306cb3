"""`face_auto`: CenterFace's boxes, and what the other networks add to them."""

from __future__ import annotations

import pytest
import torch
from afterdetail.detailer.detection import Extent
from afterdetail.detectors.faces.auto import Candidate, FaceAuto, same_face, turned_back
from afterdetail.detectors.faces.center import CenterFace, decode
from afterdetail.detectors.mediapipe.blaze import Proposal
from rig import by_eye
from rig.photos import TEMPLATES, photo


@pytest.fixture(scope="module")
def detector() -> FaceAuto:
    return FaceAuto()


@pytest.fixture(scope="module")
def portrait() -> torch.Tensor:
    return by_eye.tensor(photo("astronaut"))


def test_a_peak_is_decoded_as_the_paper_says():
    """A face at cell x 2, y 1, 24 wide and 32 high, its centre a quarter of a cell further right."""
    heat, size, offset, marks = torch.zeros(1, 4, 4), torch.zeros(2, 4, 4), torch.zeros(2, 4, 4), torch.zeros(10, 4, 4)
    heat[0, 1, 2] = 0.9
    size[:, 1, 2] = torch.tensor([8.0, 6.0]).log()
    offset[:, 1, 2] = torch.tensor([0.0, 0.25])
    marks[:2, 1, 2] = torch.tensor([0.25, 0.5])  # the first key point: y, x
    score, points = decode(heat, size, offset, marks, 0.5)
    assert score.tolist() == pytest.approx([0.9])
    torch.testing.assert_close(points[0, :3], torch.tensor([[-1.0, -10], [23, 22], [11, -2]]))


@torch.no_grad()
def test_the_size_of_the_look_hardly_moves_a_face(portrait):
    center = CenterFace()
    [first, *_], [second, *_] = (center.propose(portrait[0], side, 0.5) for side in (320, 512))
    assert all(abs(a - b) < 12 for a, b in zip(first.extent, second.extent, strict=True))
    (right, left) = first.keypoints[:2]
    assert right[0] < left[0] and abs(right[1] - left[1]) < 20


@torch.no_grad()
def test_a_higher_threshold_only_takes_faces_away(detector):
    image = by_eye.tensor(photo(next(iter(TEMPLATES))))
    [low], [high] = (detector.detect(image, threshold) for threshold in (0.0, 0.6))
    kept = [(d.box, d.score) for d in low if d.score >= 0.6]
    assert kept == [(d.box, d.score) for d in high] and detector.nested


@pytest.mark.parametrize("turns", [1, 2, 3])
@torch.no_grad()
def test_a_turned_face_is_found_where_it_is(detector, portrait, turns):
    [[upright, *_]] = detector.detect(portrait, 0.3)
    [found, *others] = detector.detect(portrait.rot90(-turns, (1, 2)), 0.3)[0]
    side = portrait.shape[1]
    place = turned_back(Candidate([Proposal(0, upright.extent, [], 1)]), turns, side, side).extent
    assert same_face(found.extent, place) and not others


def test_turning_back_undoes_rot90():
    image = torch.zeros(5, 8)
    image[1, 6] = 1
    for turns in (1, 2, 3):
        y, x = image.rot90(turns).nonzero()[0].tolist()
        seen = Candidate([Proposal(0, Extent(x, y, x + 1, y + 1), [(x + 0.5, y + 0.5)], 1)])
        [proposal] = turned_back(seen, turns, 5, 8).proposals
        assert proposal.extent == Extent(6, 1, 7, 2) and proposal.keypoints == [(6.5, 1.5)]


def test_who_says_it_is_a_face():
    sure, weak = Candidate([], center=0.5), Candidate([], center=0.3)
    assert sure.score == 0.5 and weak.score == 0
    weak.presence = 0.9
    assert weak.score == pytest.approx(0.6)
    assert Candidate([], full=0.7, presence=0.4).score == 0
    assert Candidate([], full=0.7, presence=0.9).score == pytest.approx(0.8)
    assert Candidate([], center=0.3, closer=0.8).score == 0.8
