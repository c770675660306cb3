"""Where figures come to lie in whole pictures and in the crops that are repainted."""

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.crop import cut, to_crop
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from afterdetail.hints.edges import canny
from afterdetail.hints.figures import figures_of
from afterdetail.hints.structure import Figure, crop_hints, stroke_unit, whole_hints

WIDTH, HEIGHT = 640, 480


def objects(*boxes: Box, label: str = "hand", roll: float = 0.0) -> Detections:
    found = [Detection(box, 0.9, label, Extent(*map(float, box)), roll=roll) for box in boxes]
    return Detections(WIDTH, HEIGHT, (tuple(found),)).numbered()


def regions(*boxes: Box, upscale: float = 1.0, roll: float = 0.0):
    return make_regions(objects(*boxes, roll=roll), MaskSettings(upright=True), FitSettings(), upscale).alike()


LEFT, RIGHT = Box(60, 60, 160, 180), Box(420, 200, 560, 400)


def hand_in(box: Box) -> np.ndarray:
    return np.random.default_rng(0).uniform((box.x0, box.y0), (box.x1, box.y1), (21, 2))


def blue(image: torch.Tensor) -> np.ndarray:
    return (image.numpy() == (0, 0, 1)).all(-1)


@pytest.mark.parametrize("upscale", [1.0, 2.0])
@pytest.mark.parametrize("roll", [0.0, 30.0, 90.0, -135.0, -180.0])
def test_a_dot_of_the_image_is_in_the_crop_where_the_point_is(upscale, roll):
    """The one place that cuts crops decides: its Lanczos kernel is centred on the point, in turned windows too."""
    for region in regions(LEFT, RIGHT, upscale=upscale, roll=roll).items:
        assert region.turn == roll
        canvas = torch.zeros(round(HEIGHT * upscale), round(WIDTH * upscale), 3)
        x, y = (region.window.x0 + region.window.x1) // 2 + 10, (region.window.y0 + region.window.y1) // 2 + 20
        canvas[y, x] = 1
        seen = cut(canvas, region)[0, ..., 0].clamp(min=0).numpy()
        rows, columns = np.mgrid[: seen.shape[0], : seen.shape[1]]
        centre = (seen * columns).sum() / seen.sum(), (seen * rows).sum() / seen.sum()
        assert np.allclose(to_crop(np.array([[x, y]], float), region)[0], centre, atol=0.1)


@pytest.mark.parametrize("roll", [0.0, 70.0])
def test_every_crop_shows_the_joints_that_lie_in_it(roll):
    """Turned with the crop, where it is."""
    both = regions(LEFT, RIGHT, roll=roll)
    figures = [[Figure(hand_in(LEFT), 1.0), Figure(hand_in(RIGHT), 1.0)]]
    hints = crop_hints("hand pose", torch.zeros(1, HEIGHT, WIDTH, 3), both, figures)
    assert hints.shape == (2, *reversed(both.items[0].sampled_at), 3)
    for hint, region, own in zip(hints, both.items, (LEFT, RIGHT), strict=True):
        for x, y in np.rint(to_crop(hand_in(own), region)).astype(int):
            assert blue(hint)[y, x]
        assert blue(hint).sum() > 21 * 40, "a joint has 9 pixels across at 512"


def test_a_neighbour_in_the_window_is_drawn_too():
    """What is not repainted is a hint as well."""
    near = Box(170, 60, 240, 180)
    hints = crop_hints(
        "hand pose",
        torch.zeros(1, HEIGHT, WIDTH, 3),
        regions(LEFT),
        [[Figure(hand_in(LEFT), 1.0), Figure(hand_in(near), 1.0)]],
    )
    alone = crop_hints("hand pose", torch.zeros(1, HEIGHT, WIDTH, 3), regions(LEFT), [[Figure(hand_in(LEFT), 1.0)]])
    assert blue(hints[0]).sum() > blue(alone[0]).sum()


def test_a_whole_picture_shows_each_image_its_own_figures():
    hints = whole_hints("hand pose", torch.zeros(2, HEIGHT, WIDTH, 3), [[Figure(hand_in(LEFT), 1.0)], []])
    assert hints.shape == (2, HEIGHT, WIDTH, 3) and hints[0].any() and not hints[1].any()
    for x, y in np.rint(hand_in(LEFT)).astype(int):
        assert blue(hints[0])[y, x]


def test_edges_are_those_of_the_crop_at_its_own_size():
    image = torch.rand(1, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))
    both = regions(LEFT, RIGHT)
    expected = torch.cat([canny(cut(image[0], region)) for region in both.items])
    assert torch.equal(crop_hints("canny", image, both, []), expected)
    assert torch.equal(whole_hints("canny", image, []), canny(image))


def test_strokes_have_the_size_of_training_in_what_the_model_sees():
    """The window of a whole picture's hint is enlarged with the crop, so its strokes are smaller before."""
    both = regions(LEFT, RIGHT)
    for region in both.items:
        enlarged = region.sampled_at.width / region.window.width
        unit = stroke_unit(region.members[0], 0, both, Size(WIDTH, HEIGHT))
        assert unit * enlarged == pytest.approx(min(region.sampled_at) / 512)
        assert stroke_unit(region.members[0], 0, None, Size(WIDTH, HEIGHT)) == HEIGHT / 512


class Seen:
    def __init__(self, presence: float):
        self.points, self.presence = hand_in(LEFT), presence


@pytest.mark.parametrize(
    ("label", "presence", "drawn", "noted"),
    [
        ("left hand", 0.9, True, ""),
        ("hand", 0.1, True, "look at what was drawn"),
        ("person", 0.9, True, ""),
        ("face", 0.1, False, "shows no hand"),
    ],
)
def test_what_is_called_a_hand_is_drawn_however_broken_and_others_if_they_show_one(label, presence, drawn, noted):
    figures, notes = figures_of(objects(LEFT, label=label), [[Seen(presence)]], "hand", None)
    assert len(figures[0]) == drawn
    assert len(notes) == bool(noted) and noted in "".join(notes)
