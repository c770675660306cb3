import pytest
from afterdetail.detailer.box import Box
from afterdetail.detailer.resolution import CHOICES, NATIVE, TABLES, Size, fit, nearest_entry, parse


@pytest.mark.parametrize(
    ("window", "base_model", "expected"),
    [
        (Size(200, 200), "sd15", Size(512, 512)),  # of four square entries the native one
        (Size(200, 200), "sdxl", Size(1024, 1024)),
        (Size(200, 300), "sd15", Size(512, 768)),  # not 1024x1536, the same shape but further from native
        (Size(10, 1000), "sdxl", Size(640, 1536)),  # beyond the table: its narrowest
        (Size(1000, 10), "sd15", Size(704, 384)),
    ],
)
def test_nearest_entry(window, base_model, expected):
    assert nearest_entry(window, base_model) == expected


@pytest.mark.parametrize("base_model", ["sd15", "sdxl"])
def test_every_entry_is_its_own_nearest_aspect(base_model):
    for entry in TABLES[base_model]:
        assert nearest_entry(entry, base_model).aspect == entry.aspect


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
    assert fit(padded, Box.of_size(400, 400), choice, "sd15", 8) == (expected_window, expected_size)


def test_off_grows_the_window_to_the_grid():
    window, size = fit(Box(10, 10, 111, 93), Box.of_size(400, 400), "off", "sd15", 16)
    assert size == Size(112, 96) and (window.width, window.height) == size


def test_auto_stretches_nothing_where_the_image_is_too_narrow():
    window, size = fit(Box(0, 0, 100, 900), Box.of_size(100, 900), "auto", "sd15", 8)
    assert window == Box(0, 0, 100, 900)
    assert abs(size.aspect / (100 / 900) - 1) < 0.05 and size.width % 8 == size.height % 8 == 0


def test_an_asked_size_is_kept():
    assert fit(Box(0, 0, 100, 900), Box.of_size(100, 900), "square", "sdxl", 8)[1] == NATIVE["sdxl"]


def test_unknown_choice_is_a_sentence():
    with pytest.raises(ValueError, match=r"Unknown resolution '511x511': use auto, square, off or one of"):
        parse("511x511")


def test_choices_are_unique():
    assert len(set(CHOICES)) == len(CHOICES) == 3 + len({*TABLES["sd15"], *TABLES["sdxl"]})
