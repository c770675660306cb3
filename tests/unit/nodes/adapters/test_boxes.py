import numpy as np
import pytest
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.nodes.adapters.boxes import bounding_boxes, from_bounding_boxes
from hypothesis import given
from hypothesis import strategies as st

WIDTH, HEIGHT = 100, 80
A = {"x": 10, "y": 20, "width": 30, "height": 40}
B = {"x": 50.4, "y": 20.6, "width": 10.0, "height": 9.8, "label": "face", "score": 0.25}


def boxes(bboxes, count: int = 1) -> list[list[Box]]:
    return [[d.box for d in found] for found in from_bounding_boxes(bboxes, WIDTH, HEIGHT, count).images]


@pytest.mark.parametrize(
    ("bboxes", "expected"),
    [
        (A, ["a", "a"]),
        ([A, B], ["ab", "ab"]),
        ([[A, B]], ["ab", "ab"]),
        ([[A], [B]], ["a", "b"]),
        ([[], [A]], ["", "a"]),
        ([], ["", ""]),
        ([[]], ["", ""]),
    ],
)
def test_every_shape_that_nodes_make(bboxes, expected):
    named = {"a": Box(10, 20, 40, 60), "b": Box(50, 21, 60, 30)}
    assert boxes(bboxes, count=2) == [[named[name] for name in names] for names in expected]


def test_label_and_score_are_kept_or_stand_in():
    unnamed, face = from_bounding_boxes([A, B], WIDTH, HEIGHT, 1).images[0]
    assert (unnamed.label, unnamed.score, face.label, face.score) == ("object", 1.0, "face", 0.25)
    (nothing,) = from_bounding_boxes(A | {"label": None, "score": None}, WIDTH, HEIGHT, 1).images[0]
    assert (nothing.label, nothing.score) == ("object", 1.0)


def test_best_first_and_equals_in_the_order_given():
    scored = [A | {"score": score, "label": label} for score, label in [(0.5, "b"), (0.9, "a"), (0.5, "c")]]
    found = from_bounding_boxes(scored, WIDTH, HEIGHT, 1).images[0]
    assert [(d.label, d.index) for d in found] == [("a", 0), ("b", 1), ("c", 2)]


def test_boxes_are_cut_to_the_image_and_those_outside_left_out_with_a_note():
    across = {"x": -5, "y": 70, "width": 20, "height": 20}
    outside = {"x": 100, "y": 0, "width": 20, "height": 20}
    found = from_bounding_boxes([across, outside], WIDTH, HEIGHT, 1)
    assert [(d.box, d.extent) for d in found.images[0]] == [(Box(0, 70, 15, 80), Extent(-5, 70, 15, 90))]
    assert found.notes == ("Box 1 of the image lies outside the 100x80 pixels: left out.",)


def test_numbers_of_numpy_are_numbers():
    assert boxes({key: np.float32(value) for key, value in A.items()}) == boxes(A)


coordinate = st.floats(-20, 120, allow_nan=False)
side = st.floats(0.01, 90, allow_nan=False)


@given(st.lists(st.lists(st.tuples(coordinate, coordinate, side, side, st.floats(0, 1), st.text()), max_size=4)))
def test_there_and_back(frames):
    images = [
        [Detection.of_extent(Extent(x, y, x + w, y + h), score, label, WIDTH, HEIGHT) for x, y, w, h, score, label in f]
        for f in frames
    ]
    there = Detections(WIDTH, HEIGHT, tuple(tuple(d for d in found if d) for found in images)).ranked()
    back = from_bounding_boxes(bounding_boxes(there), WIDTH, HEIGHT, len(frames))
    for before, after in zip(there.images, back.images, strict=True):
        assert [(d.label, d.score, d.index) for d in before] == [(d.label, d.score, d.index) for d in after]
        for a, b in zip(before, after, strict=True):
            assert np.allclose(a.extent, b.extent, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("bboxes", "sentence"),
    [
        ("face", "The bboxes are 'face': connect a box"),
        ([A, [B]], "The bboxes are .*: connect a box"),
        ([[A], [B]], "There are 2 lists of boxes for 3 images: give one list, or one list per image"),
        ([[A], [B], [7]], "Box 0 of image 2 is 7: give a dict with x, y, width and height"),
        ({"x": 1, "y": 2, "w": 3}, "Box 0 of image 0 has no 'width', only 'x', 'y', 'w': give"),
        (A | {"x": float("nan")}, "has x nan: give a finite number of pixels"),
        (A | {"y": "12"}, "has y '12': give a finite number"),
        (A | {"width": None}, "has width None: give a finite number"),
        (A | {"score": float("inf")}, "has score inf: give a finite number"),
        (A | {"width": 0}, "is 0 wide and 40 high: give a width and a height above 0"),
        (A | {"height": -3}, "is 30 wide and -3 high"),
    ],
)
def test_malformed_boxes_are_sentences(bboxes, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_bounding_boxes(bboxes, WIDTH, HEIGHT, 3)
