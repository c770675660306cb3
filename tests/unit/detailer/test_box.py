import pytest
from afterdetail.detailer.box import Box
from hypothesis import given
from hypothesis import strategies as st

sides = st.integers(1, 300)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(10, 10, 30, 30), Box(10, 10, 30, 30)),  # inside already
        (Box(-10, 5, 30, 25), Box(0, 5, 40, 25)),  # over the left edge
        (Box(90, 70, 120, 95), Box(70, 55, 100, 80)),  # over the right and lower edges
        (Box(-20, 0, 130, 10), Box(0, 0, 100, 10)),  # wider than the image
    ],
)
def test_slid_inside(box, expected):
    assert box.slid_inside(100, 80) == expected


@given(x=st.integers(-400, 400), y=st.integers(-400, 400), w=sides, h=sides, width=sides, height=sides)
def test_sliding_keeps_the_size_that_fits(x, y, w, h, width, height):
    slid = Box(x, y, x + w, y + h).slid_inside(width, height)
    assert Box.of_size(width, height).contains(slid)
    assert (slid.width, slid.height) == (min(w, width), min(h, height))


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(20, 20, Box(10, 10, 30, 30)), (24, 10, Box(8, 10, 32, 30)), (23, 21, Box(9, 10, 32, 31))],
)
def test_grown_to(width, height, expected):
    assert Box(10, 10, 30, 30).grown_to(width, height) == expected


def test_union_and_intersection():
    a, b = Box(0, 0, 10, 10), Box(5, 5, 20, 8)
    assert Box.union([a, b]) == Box(0, 0, 20, 10)
    assert a.intersection(b) == Box(5, 5, 10, 8)
    assert a.intersection(Box(30, 30, 40, 40)).area == 0


def test_relative_to():
    assert Box(12, 15, 20, 25).relative_to(Box(10, 10, 40, 40)) == Box(2, 5, 10, 15)
