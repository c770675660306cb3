import difflib
from itertools import combinations

import pytest
from afterdetail.detailer import styles
from afterdetail.detailer.styles import PLACE, Style

LISTED = (
    "base, 3d-model, analog-film, anime, cinematic, comic-book, Craft Clay, modeling-compound, digital-art, enhance, "
    "fantasy-art, isometric, line-art, low-poly, neon-punk, origami, photographic, pixel-art, tile-texture, "
    "Advertising, Food Photography, Real Estate, Abstract, Cubist, Graffiti, Hyperrealism, Impressionist, "
    "Pointillism, Pop Art, Psychedelic, Renaissance, Steampunk, Surrealist, Typography, Watercolor, Fighting Game, "
    "GTA, Super Mario, Minecraft, Pokémon, Retro Arcade, Retro Game, RPG Fantasy Game, Strategy Game, "
    "Street Fighter, Legend of Zelda, Architectural, Disco, Dreamscape, Dystopian, Fairy Tale, Gothic, Grunge, Horror, "
    "Minimalist, Monochrome, Nautical, Space, Stained Glass, Techwear Fashion, Tribal, Zentangle, Collage, "
    "Flat Papercut, Kirigami, Paper Mache, Paper Quilling, Papercut Collage, Papercut Shadow Box, Stacked Papercut, "
    "Thick Layered Papercut, Alien, Film Noir, HDR, Long Exposure, Neon Noir, Silhouette, Tilt-Shift"
)
NAMES = LISTED.split(", ")
STYLES = styles.shipped()


def test_all_names_are_there_in_order():
    assert list(STYLES) == NAMES and len(NAMES) == 78


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_style_wraps_the_prompt_and_extends_the_negative(name):
    style = STYLES[name]
    assert style.prompt.count(PLACE) == 1
    assert 60 <= len(style.prompt) <= 200 and 20 <= len(style.negative_prompt) <= 100
    styled = style.around("a red fox", "blurry")
    assert styled.prompt.count("a red fox") == 1 and styled.negative_prompt.startswith("blurry, ")
    alone = style.around("", "")
    assert alone.negative_prompt == style.negative_prompt
    assert alone.prompt[0].isalnum() and ", ," not in alone.prompt and " of," not in alone.prompt


def test_no_two_are_alike():
    for (a, one), (b, other) in combinations(STYLES.items(), 2):
        assert difflib.SequenceMatcher(None, one.prompt, other.prompt).quick_ratio() < 0.95, (a, b)
        assert one.prompt != other.prompt and one.negative_prompt != other.negative_prompt, (a, b)


@pytest.mark.parametrize("text", ["", "  ", " a, {prompt} (b:1.2)\n", "café"])
def test_base_changes_nothing(text):
    assert STYLES["base"].around(text, text) == (text, text)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("BASE", "base"),
        ("Comic Book", "comic-book"),
        ("pokemon", "Pokémon"),
        ("tiltshift", "Tilt-Shift"),
        ("rpg-fantasy", "RPG Fantasy Game"),
        ("RPG Fantasy Game", "RPG Fantasy Game"),
    ],
)
def test_spelling_does_not_matter(spelling, name):
    assert styles.find(spelling, STYLES) == STYLES[name]


def test_an_unknown_name_is_answered_with_the_three_nearest():
    with pytest.raises(ValueError, match=r"Unknown style_preset 'watercolour'. Nearest: Watercolor, [^,]+, [^,]+\."):
        styles.find("watercolour", STYLES)


def test_own_styles_join_the_shipped_ones():
    assert styles.with_own({}) == STYLES
    own = styles.styles_of({"House": ["{prompt} by us", ""], "ANIME": ["{prompt}, ours", "theirs"]}, "a file")
    merged = styles.with_own(own)
    assert len(merged) == 79
    assert styles.find("house", merged).around("a", "b") == ("a by us", "b")
    assert styles.find("anime", merged) == Style("{prompt}, ours", "theirs")


@pytest.mark.parametrize("entry", [["no place", ""], "{prompt}", ["{prompt}"], None])
def test_a_bad_entry_is_named_with_its_source_in_a_sentence(entry):
    with pytest.raises(ValueError, match=r"The style 'a' in .*styles\.json must be"):
        styles.styles_of({"a": entry}, "folder/styles.json")
