"""Small objects get more denoise than large ones, where that is asked for."""

import math

import pytest
from afterdetail.detailer.box import Box
from afterdetail.detailer.family import SD15, SDXL
from afterdetail.detailer.settings import SampleSettings
from afterdetail.detailer.strength import denoise_of


def square(side: int) -> Box:
    return Box(10, 10, 10 + side, 10 + side)


@pytest.mark.parametrize("side", [8, 256, 4000])
def test_off_it_is_the_denoise_to_the_bit(side):
    assert denoise_of(square(side), SD15, SampleSettings(denoise=0.37)) == 0.37


@pytest.mark.parametrize(
    ("family", "side", "by_size", "expected"),
    [
        (SD15, 256, 1.0, 0.4),  # the usual size: half of what the model was made for
        (SD15, 128, 1.0, 0.8),
        (SD15, 512, 1.0, 0.2),
        (SD15, 128, 0.5, 0.4 * math.sqrt(2)),
        (SDXL, 512, 1.0, 0.4),
        (SDXL, 16, 1.0, 1.0),
    ],
)
def test_the_formula(family, side, by_size, expected):
    """Rounded to what ComfyUI's schedules of whole steps can be."""
    settings = SampleSettings(steps=200, denoise=0.4, denoise_by_size=by_size)
    assert denoise_of(square(side), family, settings) == pytest.approx(expected, abs=0.005)


def test_objects_of_equal_schedules_get_the_very_same_denoise():
    settings = SampleSettings(steps=20, denoise=0.5, denoise_by_size=0.5)
    found = [denoise_of(square(side), SD15, settings) for side in range(100, 140)]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len({int(20 / denoise) for denoise in found}) < 10


def test_without_denoise_nothing_is_repainted():
    assert denoise_of(square(8), SD15, SampleSettings(denoise=0, denoise_by_size=1)) == 0
