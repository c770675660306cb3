"""Every line of README's section on prompts, and what people write besides."""

import re
from dataclasses import replace

import pytest
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.object_prompts import SKIPPED, ObjectPrompts
from afterdetail.detailer.prompt_text import LoraUse, ObjectPrompt
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.selection import Selection, select
from afterdetail.detailer.settings import FitSettings, MaskSettings
from rig.comfyui import ROOT

# From left to right: 2, 0, 1, 3; by size: 1, 0, 2, 3.
BOXES = (Box(60, 20, 90, 60), Box(100, 20, 110, 30), Box(10, 20, 50, 60), Box(120, 10, 180, 90))


def found(*labels: str, images: int = 1) -> Detections:
    objects = tuple(
        Detection(box, 0.9, label, Extent(*map(float, box))) for box, label in zip(BOXES, labels, strict=False)
    )
    return Detections(200, 200, (objects,) * images).numbered()


FACES = found("face", "face", "face", "face")


def texts(prompts: str, detections: Detections = FACES, **more) -> list[str]:
    asked = ObjectPrompts.of(detections, prompts, **more)
    return [asked.for_object(0, d).text for d in detections.images[0]]


OLD, GIRL, BOY, COMMON = (ObjectPrompt(text) for text in ("an old man", "a girl", "a boy", ""))
HAND = ObjectPrompt("five fingers")
FRECKLES = ObjectPrompt("freckles")

README: dict[str, list[ObjectPrompt]] = {
    "an old man\na girl": [OLD, GIRL, COMMON, COMMON],
    "an old man\n\na boy": [OLD, COMMON, BOY, COMMON],
    "an old man\na girl\n...": [OLD, GIRL, GIRL, GIRL],
    "face: freckles\nhand: five fingers": [FRECKLES, FRECKLES, FRECKLES, HAND],
    "an old man [SEP] a girl [SEP] a boy": [OLD, GIRL, BOY, COMMON],
    "[ASC] an old man [SEP] a girl": [GIRL, COMMON, OLD, COMMON],
    "[LAB] [ALL] sharp, [face] freckles [hand] five fingers": [
        *[ObjectPrompt("sharp, freckles")] * 3,
        ObjectPrompt("sharp, five fingers"),
    ],
    "[SKIP]\na girl": [ObjectPrompt(skip=True), GIRL, COMMON, COMMON],
    "[PROMPT], blue eyes": [ObjectPrompt("a man, blue eyes"), COMMON, COMMON, COMMON],
    "a girl --neg glasses, hat": [ObjectPrompt("a girl", "glasses, hat"), COMMON, COMMON, COMMON],
    "an old man <lora:wrinkles:0.8>": [
        ObjectPrompt("an old man", loras=(LoraUse("wrinkles", 0.8),)),
        *[COMMON] * 3,
    ],
}
"""What each line of README's table asks for three faces and a hand, where the common prompt is "a man"."""


@pytest.mark.parametrize("text", README)
def test_readmes_examples_do_what_it_says(text):
    scene = found("face", "face", "face", "hand")
    asked = ObjectPrompts.of(scene, text, common="a man")
    assert [asked.for_object(0, d) for d in scene.images[0]] == README[text] and not asked.notes


def test_readme_has_an_example_for_each_line_of_the_grammar():
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("### Prompts for single objects")[2]
    cells = [line.split("|")[1] for line in section.partition("\n### ")[0].splitlines() if line.startswith("| `")]
    assert ["\n".join(re.findall(r"`([^`]*)`", cell.replace("&nbsp;", "``"))) for cell in cells] == [*README]


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        ("an old man\na girl", ["an old man", "a girl", "", ""]),
        ("an old man\n\na girl", ["an old man", "", "a girl", ""]),
        ("an old man\na girl\n...", ["an old man", "a girl", "a girl", "a girl"]),
        ("face: freckles\na girl", ["a girl", "freckles", "freckles", "freckles"]),
        ("an old man [SEP] a girl,\nsmiling [SEP][SEP] a boy", ["an old man", "a girl,\nsmiling", "", "a boy"]),
        ("[ASC] a [SEP] b [SEP] c [SEP] d", ["b", "c", "a", "d"]),
        ("[DSC]\na\nb\nc\nd", ["c", "b", "d", "a"]),
        ("[ASC-SIZE] a [SEP] b [SEP] c [SEP] d", ["b", "a", "c", "d"]),
        ("[dsc-size] a [SEP] ...", ["a", "a", "a", "a"]),
        ("[LAB]\n[ALL] sharp,\n[face] a man\n[hand] five fingers", ["sharp, a man"] * 4),
        (
            "{red|blue} hair, __hats__\n(smile:1.2), [freckles]",
            ["{red|blue} hair, __hats__", "(smile:1.2), [freckles]"],
        ),
        ("a   b, embedding: x", ["a   b, embedding: x"]),
    ],
)
def test_the_grammar(prompts, expected):
    assert texts(prompts) == [*expected, *[""] * (4 - len(expected))]


def test_a_random_order_is_the_seeds():
    orders = [texts("[RND] a [SEP] b [SEP] c [SEP] d", seed=seed) for seed in (1, 1, *range(2, 9))]
    assert orders[0] == orders[1] and all(sorted(order) == ["a", "b", "c", "d"] for order in orders)
    assert len({tuple(order) for order in orders}) > 3


def test_a_line_for_a_class_that_was_not_found_is_no_other_objects():
    asked = ObjectPrompts.of(FACES, "face: a man\nhand: five fingers")
    assert [asked.for_object(0, d).text for d in FACES.images[0]] == ["a man"] * 4
    assert asked.notes == ("object_prompts: no object is called hand, so that line is not used.",)


def test_a_class_that_the_detector_knows_is_a_label_where_it_was_not_found():
    cats = replace(found("dog"), classes=("dog", "cat", "tennis racket"))
    assert texts("cat: a tabby\nracket: of wood\ndog: a poodle", cats) == ["a poodle"]
    assert texts("cat: a tabby", found("dog")) == ["cat: a tabby"], "who knows no classes has only those found"


def test_a_label_is_known_by_any_of_its_words():
    hands = found("left hand", "right hand", "face-male", "Mund")
    assert texts("hand: five fingers\nright hand: a fist\nface: a man\nmund: zu", hands) == [
        "five fingers",
        "a fist",
        "a man",
        "zu",
    ]


def test_a_word_that_is_no_label_is_said():
    asked = ObjectPrompts.of(FACES, "portrait: a man\na girl: smiling\nembedding:kind eyes")
    assert [asked.for_object(0, d).text for d in FACES.images[0]][:2] == ["portrait: a man", "a girl: smiling"]
    assert asked.notes == ("object_prompts: 'portrait' is no label of a detector, so its line counts for object 0.",)


def test_lines_belong_to_numbers_whatever_is_left_out():
    picked = select(FACES, Selection(sort_by=None, pick="3, 1"))
    asked = ObjectPrompts.of(picked, "a\nb\nc\nd")
    assert [asked.for_object(0, d).text for d in picked.images[0]] == ["d", "b"] and not asked.notes
    in_order = ObjectPrompts.of(picked, "[ASC] a [SEP] b [SEP] c [SEP] d")
    assert [in_order.for_object(0, d).text for d in picked.images[0]] == ["d", "c"]


def test_every_image_of_a_batch_counts_anew():
    batch = found("face", "face", images=2)
    asked = ObjectPrompts.of(batch, "a\nb")
    assert [asked.for_object(i, d).text for i, image in enumerate(batch.images) for d in image] == ["a", "b"] * 2


def test_skip_leaves_an_object_alone():
    asked = ObjectPrompts.of(FACES, "[SKIP]\na man\n[skip] whatever")
    regions = asked.applied_to(make_regions(FACES, MaskSettings(), FitSettings()))
    assert [region.members[0].number for region in regions.items] == [1, 3]
    assert [(item.detection.number, item.reason) for item in regions.dropped] == [(0, SKIPPED), (2, SKIPPED)]


def test_prompt_is_the_common_one():
    assert texts("[PROMPT], blue eyes\n[PROMPT]", common="a man")[:2] == ["a man, blue eyes", "a man"]
    asked = ObjectPrompts.of(FACES, "[PROMPT], blue eyes\n[PROMPT]")
    assert [asked.for_object(0, d).text for d in FACES.images[0]][:2] == [", blue eyes", ""]
    assert asked.notes == (
        "object_prompts: [PROMPT] stands for the text of the input prompt, which is not connected; it was left out.",
    )


def test_negatives():
    asked = ObjectPrompts.of(FACES, "a man --neg beard, hat\n--neg glasses\nc", "x\ny\nz [SEP", common=None)
    assert [(a.text, a.negative) for a in (asked.for_object(0, d) for d in FACES.images[0])] == [
        ("a man", "beard, hat"),
        ("", "glasses"),
        ("c", "z [SEP"),
        ("", ""),
    ]


def test_loras():
    asked = ObjectPrompts.of(FACES, "a man <lora:old_man:0.8>\n<lora:x><lora:y:0.5:0.2>\nface: <lora:z:-1>")
    first, second, third, _ = (asked.for_object(0, d) for d in FACES.images[0])
    assert (first.text, first.loras) == ("a man", (LoraUse("old_man", 0.8),))
    assert (second.text, second.loras) == ("", (LoraUse("x", 1.0), LoraUse("y", 0.5)))
    assert third.loras == (LoraUse("z", -1.0),) and len(asked.loras) == 4


def test_a_strength_that_is_no_number_is_a_sentence():
    with pytest.raises(ValueError, match="object_prompts holds <lora:x:strong>: write its strength as a number"):
        ObjectPrompts.of(FACES, "<lora:x:strong>")


@pytest.mark.parametrize(
    ("prompts", "notes"),
    [
        ("a man [STOP] [CONCAT]", ["[STOP] means nothing here and was left out.", "[CONCAT] means nothing here"]),
        ("a\nb\nc\nd\n\ne", ["there are 6 lines and 4 objects; the last lines are not used."]),
        ("[LAB] all [face] a man", ["'all' stands before the first [label], so it is no object's."]),
        ("a [SEP] b\n\n", []),
        ("a\nb\nc\nd\n\n", []),
        ("", []),
    ],
)
def test_what_is_not_used_is_said(prompts, notes):
    said = ObjectPrompts.of(FACES, prompts).notes
    assert len(said) == len(notes)
    assert all(note.startswith(f"object_prompts: {start}") for note, start in zip(said, notes, strict=True))


def test_unknown_brackets_are_not_painted():
    assert texts("a man [STOP] in a hat")[0] == "a man in a hat"


def test_no_text_asks_nothing():
    asked = ObjectPrompts.of(FACES, "")
    assert not asked.need_clip and not asked.loras


def test_a_line_for_one_side_goes_before_that_for_both():
    hands = found("left hand", "right hand", "hand")
    assert texts("left hand: a ring\nhand: five fingers", hands) == ["a ring", "five fingers", "five fingers"]
    assert texts("[LAB] [right hand] a glove", hands) == ["", "a glove", ""]
    assert not ObjectPrompts.of(found("face"), "face: freckles").notes
