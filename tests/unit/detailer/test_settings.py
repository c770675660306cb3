"""Values that make no sense are refused, in one sentence, wherever they come from."""

from math import inf, nan

import pytest
from afterdetail.detailer.names import unknown
from afterdetail.detailer.settings import FitSettings, MaskSettings, PaintSettings, SampleSettings


@pytest.mark.parametrize(
    ("settings", "name", "value", "limit"),
    [
        (MaskSettings, "mask_blur", -1, "0 or more"),
        (MaskSettings, "mask_padding", -5, "0 or more"),
        (SampleSettings, "steps", 0, "1 or more"),
        (SampleSettings, "cfg", nan, "0 or more"),
        (SampleSettings, "cfg", inf, "0 or more"),
        (SampleSettings, "cfg", -0.1, "0 or more"),
        (SampleSettings, "noise_multiplier", nan, "0 or more"),
        (SampleSettings, "noise_multiplier", -1.0, "0 or more"),
        (SampleSettings, "denoise", nan, "a value from 0 to 1"),
        (SampleSettings, "high_noise_frac", 1.01, "a value from 0 to 1"),
        (PaintSettings, "color_match", nan, "a value from 0 to 1"),
    ],
)
def test_a_number_out_of_its_range(settings, name, value, limit):
    with pytest.raises(ValueError, match=f"^{name} is {value}: use {limit}.$"):
        settings(**{name: value})


@pytest.mark.parametrize(
    ("settings", "name", "value", "near"),
    [
        (FitSettings, "resolution", "511x511", "512x512"),
        (FitSettings, "base_model", "sd1.5", "sd15"),
        (PaintSettings, "fill", "orginal", "original"),
    ],
)
def test_a_name_that_is_not_known(settings, name, value, near):
    with pytest.raises(ValueError, match=f"^Unknown {name} {value!r}.*{near}"):
        settings(**{name: value})


def test_unknown_names_the_nearest():
    names = ("euler", "euler_ancestral", "heun", "dpm_2", "lms")
    assert unknown("sampler", "Eulr", names).startswith("Unknown sampler 'Eulr'. Nearest: euler, ")
    assert unknown("sampler", "x", names[:2]) == "Unknown sampler 'x': use euler or euler_ancestral."
    assert unknown("sampler", "x", ()) == "Unknown sampler 'x': there are none to choose from."
