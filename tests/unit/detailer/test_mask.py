"""Masks against OpenCV and a plain full-image reference."""

import math

import cv2
import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.mask import MaskPatch, blur, dilate, inverted, soft_box, soft_mask, union
from hypothesis import given
from hypothesis import strategies as st

WIDTH, HEIGHT = 90, 70
IMAGE = Box.of_size(WIDTH, HEIGHT)


def shapes() -> dict[str, np.ndarray]:
    plane = np.zeros((HEIGHT, WIDTH), np.float32)
    box, disc, ring, soft = plane.copy(), plane.copy(), plane.copy(), plane.copy()
    box[20:40, 30:60] = 1
    cv2.circle(disc, (45, 35), 15, 1, -1)
    cv2.circle(ring, (45, 35), 20, 1, 6)
    soft[15:45, 20:60] = np.random.default_rng(0).random((30, 40))
    borders = {}
    for name, rows, columns in (
        ("left", slice(20, 40), slice(0, 15)),
        ("right", slice(20, 40), slice(75, 90)),
        ("top", slice(0, 15), slice(30, 50)),
        ("bottom", slice(60, 70), slice(30, 50)),
        ("corner", slice(60, 70), slice(80, 90)),
        ("all", slice(0, 70), slice(0, 90)),
    ):
        borders[name] = plane.copy()
        borders[name][rows, columns] = 1
    return {"box": box, "disc": disc, "ring with a hole": ring, "soft": soft, **borders}


def patch(plane: np.ndarray) -> MaskPatch:
    trimmed = MaskPatch(IMAGE, torch.from_numpy(plane)).trimmed()
    assert trimmed is not None
    return trimmed


@pytest.mark.parametrize("shape", shapes())
def test_dilation_is_that_of_opencv(shape):
    plane = shapes()[shape]
    for size in range(65):
        expected = cv2.dilate(plane, np.ones((size, size), np.uint8)) if size else plane
        assert np.array_equal(dilate(patch(plane), IMAGE, size).on(IMAGE).numpy(), expected), size


@pytest.mark.parametrize("shape", shapes())
def test_negative_dilation_is_the_erosion_of_opencv(shape):
    plane = shapes()[shape]
    for size in range(1, 65):
        expected = cv2.erode(plane, np.ones((size, size), np.uint8))
        assert np.array_equal(dilate(patch(plane), IMAGE, -size).on(IMAGE).numpy(), expected), size


def blurred_reference(plane: np.ndarray, sigma: float) -> np.ndarray:
    """A full 2-D convolution of the whole plane, its border pixels repeated outwards."""
    radius = math.ceil(2.5 * sigma)
    x = np.arange(-radius, radius + 1)
    line = np.exp(-(x**2) / (2 * sigma**2))
    kernel = np.outer(line, line) / line.sum() ** 2
    padded = np.pad(plane.astype(np.float64), radius, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return np.einsum("hwij,ij->hw", windows, kernel)


@pytest.mark.parametrize("sigma", [1, 2, 4, 7])
@pytest.mark.parametrize("shape", shapes())
def test_blur_is_a_gaussian_with_the_image_border_continued(shape, sigma):
    plane = shapes()[shape]
    result = blur(patch(plane), IMAGE, sigma).on(IMAGE).numpy()
    assert np.abs(result - blurred_reference(plane, sigma)).max() < 1e-6


@pytest.mark.parametrize("sigma", [1, 2, 3, 4, 5, 16])
def test_blur_ends_exactly_at_its_radius(sigma):
    image = Box.of_size(500, 450)
    soft = blur(MaskPatch.filled(Box(230, 220, 250, 235)), image, sigma)
    radius = math.ceil(2.5 * sigma)
    trimmed = soft.trimmed()
    assert trimmed is not None and trimmed.box == Box(230, 220, 250, 235).padded(radius)
    assert not soft.on(image)[:, : 230 - radius].any()


def test_no_strip_stays_at_the_image_border():
    """A mask that touches the image's edge is solid there: the blur acts as if the mask went on outside."""
    soft = blur(MaskPatch.filled(Box(0, 0, 40, HEIGHT)), IMAGE, 6).on(IMAGE)
    assert torch.allclose(soft[:, :20], torch.ones(HEIGHT, 20))


@given(
    x0=st.integers(0, WIDTH - 1),
    y0=st.integers(0, HEIGHT - 1),
    width=st.integers(1, WIDTH),
    height=st.integers(1, HEIGHT),
    dilation=st.integers(-20, 64),
    sigma=st.integers(0, 16),
)
def test_a_box_mask_is_softened_like_any_mask(x0, y0, width, height, dilation, sigma):
    box = Box(x0, y0, min(x0 + width, WIDTH), min(y0 + height, HEIGHT))
    quick = soft_box(box, IMAGE, dilation, sigma)
    general = soft_mask(MaskPatch.filled(box), IMAGE, dilation, sigma)
    assert (quick is None) == (general is None)
    if quick and general:
        assert quick.box == general.box
        assert torch.allclose(quick.values, general.values, atol=2e-6)


def test_erosion_can_leave_nothing():
    assert soft_box(Box(10, 10, 14, 14), IMAGE, -5, 4) is None


def test_union_is_the_maximum():
    a, b = MaskPatch(Box(5, 5, 20, 20), torch.rand(15, 15)), MaskPatch(Box(15, 10, 40, 30), torch.rand(20, 25))
    assert torch.equal(union([a, b]).on(IMAGE), torch.maximum(a.on(IMAGE), b.on(IMAGE)))


def test_inverted_is_everything_else():
    mask = MaskPatch(Box(5, 5, 20, 20), torch.rand(15, 15))
    assert torch.equal(inverted(mask, IMAGE).values, 1 - mask.on(IMAGE))


def test_work_does_not_grow_with_the_image():
    """The same object on a plane of a million times the area: no image-sized tensor is made on the way."""
    small = soft_mask(MaskPatch.filled(Box(40, 40, 60, 60)), Box.of_size(100, 100), 4, 4)
    huge = soft_mask(MaskPatch.filled(Box(40, 40, 60, 60)), Box.of_size(100_000, 100_000), 4, 4)
    assert small is not None and huge is not None
    assert small.box == huge.box and torch.equal(small.values, huge.values)
