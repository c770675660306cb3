import math

import numpy as np
import torch
from afterdetail.detailer.detection import Extent
from afterdetail.detectors.mediapipe.blaze import Proposal
from afterdetail.detectors.mediapipe.face_parts import face_roi
from afterdetail.detectors.mediapipe.hands import hand_roi
from afterdetail.detectors.mediapipe.landmarks import (
    LandmarkNet,
    Shape,
    first_of_alike,
    same_object,
    shared,
    without_repeats,
)
from afterdetail.detectors.mediapipe.rotated_crops import Roi
from afterdetail.detectors.weights import FOLDER


def shape(x0, y0, x1, y1, score):
    return Shape(np.array([[x0, y0], [x1, y1]], float), score)


def test_a_face_is_cropped_level_with_its_eyes():
    roi = face_roi(Proposal(3, Extent(10, 20, 50, 80), [(20, 30), (30, 40)], 0.9))
    assert roi == Roi(3, 30, 50, 90, math.pi / 4)


def test_a_hand_is_cropped_fingers_up():
    keypoints = [(30.0, 80.0), (0.0, 0.0), (30.0, 20.0)]
    upright = hand_roi(Proposal(0, Extent(10, 20, 50, 80), keypoints, 0.9))
    assert np.allclose(upright, (0, 30, 20, 156, 0))
    lying = hand_roi(Proposal(0, Extent(10, 20, 50, 80), [(10.0, 50.0), (0.0, 0.0), (50.0, 50.0)], 0.9))
    assert np.allclose(lying, (0, 60, 50, 156, math.pi / 2))


def test_landmarks_turn_with_the_crop():
    net = LandmarkNet(FOLDER / "face_landmarks.safetensors", face_roi, presence_is_logit=True)
    grey = torch.full((1, 64, 64, 3), 0.5)
    rois = [Roi(0, 30, 20, 40, turn) for turn in (0, math.pi / 2)]
    level, turned = (shape.points for shape in net.shapes(grey, rois))
    assert np.allclose(turned - (30, 20), np.stack([20 - level[:, 1], level[:, 0] - 30], -1), atol=1e-3)


def test_no_proposal_is_no_object():
    net = LandmarkNet(FOLDER / "hand_landmarks.safetensors", hand_roi, presence_is_logit=False)
    assert net.find(torch.zeros(2, 8, 8, 3), []) == [[], []]


def test_share_is_of_the_smaller_area():
    assert shared(Extent(0, 0, 10, 10), Extent(2, 2, 6, 6)) == 1
    assert shared(Extent(0, 0, 10, 10), Extent(5, 0, 15, 10)) == 0.5
    assert shared(Extent(0, 0, 10, 10), Extent(20, 0, 30, 10)) == 0


def test_the_better_of_two_shapes_in_one_place_stays():
    shapes = [shape(0, 0, 10, 10, 0.5), shape(1, 1, 11, 11, 0.9), shape(8, 8, 18, 18, 0.7)]
    assert [kept.score for kept in without_repeats(shapes, same_object)] == [0.9, 0.7]


def proposal(x0, y0, x1, y1, score, frame=0):
    return Proposal(frame, Extent(x0, y0, x1, y1), [], score)


def test_only_the_first_of_proposals_for_one_object_is_looked_at():
    best, other = proposal(0, 0, 20, 20, 0.9), proposal(1, 1, 20, 20, 0.8)
    apart, elsewhere = proposal(30, 0, 50, 20, 0.7), proposal(0, 0, 20, 20, 0.6, frame=1)
    assert first_of_alike([best, other, apart, elsewhere]) == ([best, apart, elsewhere], [other])


def test_the_next_proposal_is_looked_at_when_the_first_shows_nothing(monkeypatch):
    net = LandmarkNet(FOLDER / "hand_landmarks.safetensors", hand_roi, presence_is_logit=False)
    rounds = []

    def shapes(images, rois):
        rounds.append(len(rois))
        there = 0.1 if len(rounds) == 1 else 0.9
        return [Shape(np.array([[0.0, 0.0], [20.0, 20.0]]), there, there)] * len(rois)

    monkeypatch.setattr(net, "shapes", shapes)
    monkeypatch.setattr(net, "roi", lambda proposal: None)
    boxes = [proposal(0, 0, 20, 20, 0.7), proposal(0, 0, 20, 19, 0.9), proposal(0, 0, 19, 19, 0.8)]
    [[found]] = net.find(torch.zeros(1, 32, 32, 3), boxes)
    assert rounds == [1, 1] and found.score == 0.8
