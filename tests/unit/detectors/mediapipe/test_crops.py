import math

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from afterdetail.detectors.mediapipe.crops import Roi, crop

PICTURE = torch.from_numpy(skimage.data.astronaut()).float()[None] / 255


@pytest.mark.parametrize("black", [True, False])
@pytest.mark.parametrize(
    "roi",
    [Roi(0, 220.5, 120.25, 130, 0.4), Roi(0, 256, 256, 512), Roi(0, 10, 500, 300, -2.0), Roi(0, 700, 80, 300, math.pi)],
)
def test_crop_is_a_perspective_warp_of_the_square(roi, black):
    size = 128
    turn = np.array([[math.cos(roi.angle), -math.sin(roi.angle)], [math.sin(roi.angle), math.cos(roi.angle)]])
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    corners = np.array([roi.x, roi.y], np.float32) + ((square - 0.5) * roi.side @ turn.T).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, square * size)
    border = cv2.BORDER_CONSTANT if black else cv2.BORDER_REPLICATE
    expected = cv2.warpPerspective(PICTURE[0].numpy(), matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    result = crop(PICTURE, [roi], size, black)[0].movedim(0, -1).numpy()
    assert np.abs(result - expected).max() < 0.03  # OpenCV rounds sample positions to 1/32 pixel
    assert np.abs(result - expected).mean() < 1e-3


def test_crops_come_from_their_own_frames():
    images = torch.stack([torch.full((20, 30, 3), value) for value in (0.25, 0.5)])
    crops = crop(images, [Roi(1, 15, 10, 4), Roi(0, 15, 10, 4)], 8, black=True)
    assert crops[0].eq(0.5).all() and crops[1].eq(0.25).all()


@pytest.mark.parametrize("black", [True, False])
def test_one_pixel_can_be_cropped(black):
    crops = crop(torch.ones(1, 1, 1, 3), [Roi(0, 0.5, 0.5, 1)], 16, black)
    assert crops.shape == (1, 3, 16, 16) and crops.isfinite().all()


@pytest.mark.parametrize("angle", [0.0, 0.4])
@pytest.mark.parametrize("black", [True, False])
def test_every_layout_of_the_memory_gives_the_same_crop(angle, black):
    rois = [Roi(0, 60.5, 30, 150, angle), Roi(1, 20, 70.25, 40, angle)]
    window = PICTURE[:, 50:150].unfold(2, 120, 90)[0].permute(1, 0, 3, 2)[:2]  # a view: two tiles side by side
    expected = crop(window.contiguous(), rois, 32, black)
    channels_first = window.movedim(-1, 1).contiguous().movedim(1, -1)
    with_alpha = torch.cat([window, window[..., :1]], -1)[..., :3]
    for images in (window, channels_first, with_alpha):
        assert torch.allclose(crop(images, rois, 32, black), expected, atol=1e-6)
