import numpy as np
import torch
from afterdetail.detailer.box import Box
from afterdetail.detectors.mediapipe.outlines import convex_hull, filled

SQUARE = np.array([[10.0, 20.0], [30.0, 20.0], [30.0, 50.0], [10.0, 50.0]])


def moved(dx, dy):
    return SQUARE + np.array([dx, dy])


def test_hull_leaves_out_what_lies_inside():
    points = np.concatenate([SQUARE, [[15.0, 30.0], [20.0, 45.0]]])
    assert sorted(map(tuple, convex_hull(points))) == sorted(map(tuple, SQUARE))


def test_a_rectangle_fills_its_box():
    detection = filled([SQUARE], 0.5, "face", 100, 100)
    assert detection is not None and detection.mask is not None
    assert detection.extent == (10, 20, 30, 50) and detection.box == Box(10, 20, 31, 51)
    values = detection.mask.values
    assert values.shape == (31, 21) and values.dtype == torch.float32 and values.all()


def test_the_mask_lies_where_the_outline_lies():
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    circle = np.stack([40.3 + 15 * np.cos(turn), 30.8 + 15 * np.sin(turn)], -1)
    detection = filled([circle], 0.5, "face", 100, 100)
    assert detection is not None and detection.mask is not None
    rows, columns = np.nonzero(detection.mask.values.numpy())
    centre = columns.mean() + detection.box.x0 + 0.5, rows.mean() + detection.box.y0 + 0.5
    assert np.allclose(centre, (40.3, 30.8), atol=0.3)
    assert 1 < detection.mask.values.sum() / (np.pi * 15**2) < 1.1  # every pixel that the outline touches
    assert set(detection.mask.values.unique().tolist()) == {0.0, 1.0}


def test_two_outlines_make_one_object_with_a_gap():
    detection = filled([SQUARE, moved(40, 0)], 0.5, "eyes", 100, 100)
    assert detection is not None and detection.mask is not None
    assert detection.box == Box(10, 20, 71, 51)
    values = detection.mask.values
    assert values[:, :20].all() and values[:, 40:].all() and not values[:, 22:38].any()


def test_an_outline_over_the_border_is_cut_to_the_image():
    detection = filled([moved(-20, -30)], 0.5, "face", 100, 100)
    assert detection is not None and detection.mask is not None
    values = detection.mask.values
    assert detection.box == Box(0, 0, 11, 21) and values.shape == (21, 11) and values.all()
    assert detection.extent == (-10, -10, 10, 20)


def test_an_outline_outside_the_image_is_nothing():
    assert filled([moved(200, 0)], 0.5, "face", 100, 100) is None


def test_closed_eyes_still_have_a_mask():
    line = np.array([[10.0, 20.2], [20.0, 20.3], [30.0, 20.4], [20.0, 20.35]])
    detection = filled([convex_hull(line)], 0.5, "eye", 100, 100)
    assert detection is not None and detection.mask is not None
    assert detection.mask.values.shape == (1, 21) and detection.mask.values.all()
