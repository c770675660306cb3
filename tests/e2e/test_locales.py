"""The texts of the nodes and of their panels in every language, against what a running ComfyUI says of the nodes."""

import re

import pytest
from translations import LANGUAGES, MAIN, PHRASE, SCRIPTS, SOURCE, files, gaps, leaves, node_defs, of_the_pack, table

SAME_WORD = {
    *("After Detailer", "cfg", "clip", "detector", "image", "passes", "prompt", "prompt: {prompt}", "score"),
    *("score {score}", "segs", "vae"),
}
"""A name, or English that is a language's own word too."""

NUMBER = re.compile(r"\d+(?:\.\d+)?")
CODE = re.compile(
    r"`[^`]+`|\bface_\w+|\b\w+(?:/\w+(?:\.\w+)?)+|\b(?:auto|square|off)(?=:)|"
    r"\b(?:After Detailer|CLIP|ComfyUI|FaceDetailer|Impact Pack|JSON|MediaPipe|Rebatch Images|RT-DETR)\b|"
    r"\b(?:SAM3?|SDPose|SDXL|SEGS|YOLO[\w-]*)\b",
    re.ASCII,
)
MESSAGE_SYNTAX = re.compile(r"[{}|@$]")
"""What the page's translation library takes for a placeholder, a plural or a link."""
PLACE = re.compile(r"\{\w+\}")
"""Where a panel puts a value."""
CALL = re.compile(r"(?<!function )\bphrase\(")
BARE = re.compile(r"""\b(?:textContent|placeholder|title|alt|label)(?:: | = )["'`](?=[^"'`]*[A-Za-z]{2})[^"'`]*["'`]""")
"""English that is shown as it is in the code."""


@pytest.fixture(scope="module")
def english(comfy) -> dict:
    return node_defs(of_the_pack(comfy.object_info()))


def test_every_text_is_in_every_language_and_none_is_left_over(english):
    missing = gaps(english)
    assert not missing, "\n".join(missing)


def test_the_files_are_what_make_locales_writes(english):
    differing = [str(path) for path, content in files(english).items() if path.read_text("utf-8") != content]
    assert not differing, "run `make locales`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_one_and_keeps_what_no_language_changes(language):
    texts = table(language)
    assert not [text for text, other in texts.items() if other.strip() == text and text not in SAME_WORD]
    lost = [f"{text!r} loses {', '.join(gone)}" for text, other in texts.items() if (gone := lost_from(text, other))]
    assert not lost, "\n".join(lost)


def lost_from(text: str, translation: str) -> list[str]:
    codes = [code for code in CODE.findall(text) if code not in translation]
    return codes + sorted(set(NUMBER.findall(text)) - set(NUMBER.findall(translation)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_calls_nodes_and_inputs_what_the_page_calls_them(language, english):
    texts = table(language)
    names = {node["display_name"] for node in english.values()} | {text for text in texts if "_" in text.split()[0]}
    other_names = [
        f"{text!r} does not say {texts[name]!r}"
        for text, other in texts.items()
        for name in names
        if name in text and texts[name] not in other
    ]
    assert not other_names, "\n".join(other_names)


def test_no_text_is_read_as_message_syntax(english):
    """Besides the places in a panel's words, which the panel itself fills."""
    texts = [*leaves(english), *leaves(MAIN), *(text for language in LANGUAGES for text in table(language).values())]
    assert not [text for text in texts if MESSAGE_SYNTAX.search(PLACE.sub("", text))]
    assert not [text for text in leaves(english) if PLACE.search(text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_of_the_english(language):
    differing = [
        f"{text!r} becomes {other!r}"
        for text, other in table(language).items()
        if sorted(PLACE.findall(text)) != sorted(PLACE.findall(other))
    ]
    assert not differing, "\n".join(differing)


def test_a_panel_says_nothing_that_make_locales_does_not_find():
    """A text that is put together, or in the code without `phrase`, would stay English."""
    scripts = {path.name: path.read_text("utf-8") for path in SCRIPTS.iterdir()}
    found = {name: len(PHRASE.findall(script)) for name, script in scripts.items()}
    assert {name: len(CALL.findall(script)) for name, script in scripts.items()} == found
    bare = [f"{name}: {text}" for name, script in scripts.items() for text in BARE.findall(script)]
    assert not bare, "\n".join(bare)


def test_comfyui_serves_them(comfy):
    served = comfy.get("/i18n").json()
    assert {SOURCE, *LANGUAGES} <= set(served)
    assert served["ja"]["nodeDefs"]["AfterDetail"]["inputs"]["steps"]["name"] == table("ja")["steps"]
    assert served["ja"]["afterdetail"]["Next object"] == table("ja")["Next object"]
    assert served["de"]["nodeCategories"]["afterdetail"] == "AfterDetail"
