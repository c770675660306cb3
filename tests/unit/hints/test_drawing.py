"""Joints and lines placed by hand: which pixel of the picture has which colour."""

import colorsys

import numpy as np
import pytest
from afterdetail.detailer.box import Size
from afterdetail.detectors.mediapipe import face_contours as contours
from afterdetail.hints.face import face_mesh, lips_and_eyes
from afterdetail.hints.hand import BONES, hand_pose
from afterdetail.hints.strokes import Canvas, Dot, Line, unit_of

BLUE, BLACK = (0, 0, 255), (0, 0, 0)


def fan(left=40.0, top=60.0, step=40.0) -> np.ndarray:
    """A hand of five level fingers, one below the other, whose wrist lies left of the middle one."""
    fingers = [(left + step * joint, top + 90 * finger) for finger in range(5) for joint in range(1, 5)]
    return np.array([(left, top + 180), *fingers])


def picture(strokes, size=512, unit=None) -> np.ndarray:
    canvas = Canvas(Size(size, size))
    canvas.draw(strokes, unit_of(Size(size, size)) if unit is None else unit)
    return (canvas.image.numpy() * 255).round().astype(int)


def at(image, point) -> tuple[int, ...]:
    x, y = np.rint(point).astype(int)
    return tuple(image[y, x])


def openpose_hue(place: int) -> tuple[int, ...]:
    return tuple(int(value * 255) for value in colorsys.hsv_to_rgb(place / 20, 1, 1))


def test_every_joint_is_blue_and_every_bone_has_its_hue():
    joints = fan()
    image = picture(hand_pose(joints))
    assert [at(image, joint) for joint in joints] == [BLUE] * 21
    for place, (start, end) in enumerate(BONES):
        assert at(image, (joints[start] + joints[end]) / 2) == openpose_hue(place)


def test_bones_lead_from_the_wrist_to_the_tips_of_five_fingers():
    assert len(BONES) == 20 and BONES[:5] == [(0, 1), (1, 2), (2, 3), (3, 4), (0, 5)]
    assert [bone for bone in BONES if bone[0] == 0] == [(0, root) for root in (1, 5, 9, 13, 17)]
    assert sorted(end for _, end in BONES) == list(range(1, 21))


def test_nothing_but_bones_and_joints_is_drawn():
    image = picture(hand_pose(fan()))
    colors = {tuple(color) for color in image.reshape(-1, 3).tolist()}
    assert colors == {BLACK, BLUE, *(openpose_hue(place) for place in range(20))}
    assert at(image, (300, 20)) == BLACK


@pytest.mark.parametrize(("size", "bone", "joint"), [(512, 2, 9), (1024, 4, 17), (256, 1, 5), (100, 1, 3)])
def test_strokes_grow_with_the_picture(size, bone, joint):
    """Two pixels and nine in the pictures of 512 px that the ControlNets were trained on, and in their proportion."""
    joints = fan() * size / 512
    image = picture(hand_pose(joints), size)
    column = round((joints[1, 0] + joints[2, 0]) / 2)
    assert (image[: round(100 * size / 512), column] > 0).any(-1).sum() == bone
    assert (image[round(joints[1, 1])] == BLUE).all(-1)[:column].sum() == joint


def test_later_bones_lie_over_earlier_ones_and_joints_over_all():
    crossing = np.full((21, 2), -1000.0)
    crossing[[17, 18]] = (100, 20), (100, 180)  # of the little finger, down
    crossing[[1, 2]] = (20, 100), (180, 100)  # of the thumb, across it
    assert at(picture(hand_pose(crossing), 512), (100, 100)) == openpose_hue(BONES.index((17, 18)))
    crossing[20] = (60, 100)
    assert at(picture(hand_pose(crossing), 512), (60, 100)) == BLUE


def test_a_hand_that_leaves_the_picture_is_cut_at_the_border():
    whole, shifted = fan(), fan(left=-60)
    part = picture(hand_pose(shifted))
    assert (part[:, :400] == picture(hand_pose(whole))[:, 100:500]).all()
    assert (part[:, 300:] == 0).all()
    assert not picture(hand_pose(fan() + 10000)).any()


def test_a_second_hand_is_drawn_over_the_first():
    canvas = Canvas(Size(200, 200))
    for color in ((255, 0, 0), (0, 255, 0)):
        canvas.draw([Line(np.array([(10.0, 10.0), (90.0, 10.0)]), color, 2)], 1)
    assert tuple((canvas.image[10, 50] * 255).int().tolist()) == (0, 255, 0)


def test_a_dot_is_round_or_square():
    disc, square = (picture([Dot(50, 50, BLUE, 2, square)], 100, 1) for square in (False, True))
    assert square[48:53, 48:53, 2].all() and square.any(-1).sum() == 25
    assert at(disc, (50, 48)) == BLUE and at(disc, (48, 48)) == BLACK


LINES = {
    contours.FACE_OVAL: (10, 200, 10),
    contours.LEFT_EYE: (10, 200, 180),
    contours.RIGHT_EYE: (180, 200, 10),
    contours.LEFT_BROW[0]: (10, 220, 180),
    contours.LEFT_BROW[1]: (10, 220, 180),
    contours.RIGHT_BROW[0]: (180, 220, 10),
    contours.RIGHT_BROW[1]: (180, 220, 10),
    contours.OUTER_LIPS: (10, 180, 10),
    contours.INNER_LIPS: (10, 180, 10),
}
OPEN = {*contours.LEFT_BROW, *contours.RIGHT_BROW}


def scattered_face() -> np.ndarray:
    """Landmarks of which each line is a row of points of its own."""
    points = np.full((468, 2), -1000.0)
    for row, contour in enumerate(LINES):
        points[list(contour)] = [(20 + 12 * place, 20 + 50 * row) for place in range(len(contour))]
    return points


def test_every_line_of_a_face_has_its_colour():
    points = scattered_face()
    image = picture(face_mesh(points))
    for contour, color in LINES.items():
        assert at(image, points[list(contour)][:2].mean(0)) == color


def test_the_pupils_lie_in_the_eyes_over_all_lines():
    points = scattered_face()
    for eye, color in ((contours.LEFT_EYE, (10, 200, 250)), (contours.RIGHT_EYE, (250, 200, 10))):
        for draw in (face_mesh, lips_and_eyes):
            assert at(picture(draw(points)), points[list(eye)].mean(0)) == color


def test_lips_and_eyes_leave_out_the_rest():
    points = scattered_face()
    image = picture(lips_and_eyes(points))
    for contour, color in LINES.items():
        kept = contour in (contours.LEFT_EYE, contours.RIGHT_EYE, contours.OUTER_LIPS, contours.INNER_LIPS)
        assert at(image, points[list(contour)][:2].mean(0)) == (color if kept else BLACK)


def test_only_brows_are_open_lines():
    for contour in LINES:
        points = np.full((468, 2), -1000.0)
        turns = np.linspace(0, 2 * np.pi, len(contour), endpoint=False)
        points[list(contour)] = 256 + 200 * np.stack([np.cos(turns), np.sin(turns)], -1)
        image = picture(face_mesh(points))
        x, y = np.rint(points[[contour[0], contour[-1]]].mean(0)).astype(int)
        assert image[y - 1 : y + 2, x - 1 : x + 2].any() == (contour not in OPEN)


def test_every_landmark_of_the_contours_is_in_the_mesh_and_on_one_line_of_a_part():
    for contour in LINES:
        assert len(set(contour)) == len(contour) and max(contour) < 468
    assert not set(contours.OUTER_LIPS) & set(contours.INNER_LIPS)
