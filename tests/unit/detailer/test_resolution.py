import pytest
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.family import FAMILIES, SD15, SDXL, ModelSizes
from afterdetail.detailer.resolution import CHOICES, entry, fit, nearest_entry


@pytest.mark.parametrize(
    ("window", "family", "expected"),
    [
        (Size(200, 200), SD15, Size(512, 512)),  # of four square entries the native one
        (Size(200, 200), SDXL, Size(1024, 1024)),
        (Size(200, 300), SD15, Size(512, 768)),  # not 1024x1536, the same shape but further from native
        (Size(10, 1000), SDXL, Size(640, 1536)),  # beyond the table: its narrowest
        (Size(1000, 10), SD15, Size(704, 384)),
    ],
)
def test_nearest_entry(window, family, expected):
    assert nearest_entry(window, family) == expected


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_every_entry_is_its_own_nearest_aspect(family):
    for size in family.sizes:
        assert nearest_entry(size, family).aspect == size.aspect


@pytest.mark.parametrize(
    ("choice", "expected_window", "expected_size"),
    [
        ("auto", Box(40, 35, 160, 155), Size(512, 512)),
        ("square", Box(40, 35, 160, 155), Size(512, 512)),
        ("768x512", Box(10, 35, 190, 155), Size(768, 512)),
        ("off", Box(40, 35, 160, 155), Size(120, 120)),
    ],
)
def test_fit(choice, expected_window, expected_size):
    padded = Box(40, 35, 160, 155)
    assert fit(padded, Box.of_size(400, 400), choice, ModelSizes(SD15, 8))[:2] == (expected_window, expected_size)


def test_off_grows_the_window_to_the_grid():
    window, size, why = fit(Box(10, 10, 111, 93), Box.of_size(400, 400), "off", ModelSizes(SD15, 16))
    assert why == "the window's own size, in multiples of 16"
    assert size == Size(112, 96) and (window.width, window.height) == size


def test_auto_stretches_nothing_where_the_image_is_too_narrow():
    window, size, why = fit(Box(0, 0, 100, 900), Box.of_size(100, 900), "auto", ModelSizes(SD15, 8))
    assert (
        window == Box(0, 0, 100, 900)
        and why == "the area of 384x704 in the shape of 100x900, which is all the image has"
    )
    assert abs(size.aspect / (100 / 900) - 1) < 0.05 and size.width % 8 == size.height % 8 == 0


def test_an_asked_size_is_kept():
    assert fit(Box(0, 0, 100, 900), Box.of_size(100, 900), "square", ModelSizes(SDXL, 8))[1] == SDXL.native


def test_a_size_of_the_table_that_the_model_cannot_take_is_rounded_before_the_window_is_cut():
    """Else the crop would be stretched: 880 x 1168 is 896 x 1184 for a multiple of 32."""
    window, size, _ = fit(Box(100, 100, 188, 217), Box.of_size(900, 900), "auto", ModelSizes(FAMILIES["hidream"], 32))
    assert size == Size(896, 1184) and abs(window.width / window.height - 896 / 1184) < 0.01


def test_unknown_choice_is_a_sentence():
    with pytest.raises(ValueError, match=r"Unknown resolution '511x511'. Nearest: .*512x512"):
        entry("511x511")


def test_choices_are_unique():
    assert len(set(CHOICES)) == len(CHOICES) == 3 + len({size for family in FAMILIES.values() for size in family.sizes})
