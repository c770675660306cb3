import math

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from afterdetail.detectors.mediapipe.rotated_crops import Roi, crop

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
    picture = skimage.data.astronaut()
    expected = cv2.warpPerspective(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    levels = crop(PICTURE, [roi], size, black)[0].movedim(0, -1).numpy() * 255
    assert np.abs(levels - expected).max() < 0.03 * 255  # this OpenCV takes positions finer than 1/32 pixel
    assert np.abs(levels - expected).mean() < 0.15


@pytest.mark.parametrize(("position", "level"), [(0.0156, 0), (1 / 64, 8), (0.0468, 8), (0.5, 128), (1.0, 255)])
def test_positions_and_levels_are_rounded_halves_upwards(position, level):
    """Between a black and a white pixel; 1 / 32 of the way is 7.97 of 255."""
    pair = torch.tensor([0.0, 1.0])[None, None, :, None].expand(1, 1, 2, 3)
    sample = crop(pair, [Roi(0, position + 0.5, 0.5, 1)], 1, black=False)
    assert sample.mul(255).allclose(torch.tensor(float(level)))


def test_crops_come_from_their_own_frames():
    images = torch.stack([torch.full((20, 30, 3), value) for value in (0.2, 0.4)])
    crops = crop(images, [Roi(1, 15, 10, 4), Roi(0, 15, 10, 4)], 8, black=True)
    assert crops[0].mul(255).allclose(torch.tensor(102.0)) and crops[1].mul(255).allclose(torch.tensor(51.0))


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
