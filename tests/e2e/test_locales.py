"""The texts of the nodes in every language, against what a running ComfyUI says of the nodes."""

import re

import pytest
from rig.locales import LANGUAGES, MAIN, SOURCE, files, gaps, leaves, node_defs, of_the_pack, table

SAME_WORD = {"After Detailer", "cfg", "clip", "detector", "image", "passes", "prompt", "segs", "vae"}
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
    texts = [*leaves(english), *leaves(MAIN), *(text for language in LANGUAGES for text in table(language).values())]
    assert not [text for text in texts if MESSAGE_SYNTAX.search(text)]


def test_comfyui_serves_them(comfy):
    served = comfy.get("/i18n").json()
    assert {SOURCE, *LANGUAGES} <= set(served)
    assert served["ja"]["nodeDefs"]["AfterDetail"]["inputs"]["steps"]["name"] == table("ja")["steps"]
    assert served["de"]["nodeCategories"]["afterdetail"] == "AfterDetail"
