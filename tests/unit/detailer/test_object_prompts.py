from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Extent
from afterdetail.detailer.object_prompts import ObjectPrompts

FACE, HAND = (Detection(Box(0, 0, 9, 9), 0.9, label, Extent(0, 0, 9, 9)) for label in ("face", "Hand"))


def test_lines_and_labels():
    prompts = ObjectPrompts.parse("an old man\n\nhand: five fingers\na girl: smiling", {"face", "Hand"})
    assert prompts.of(FACE, 0) == "an old man"
    assert prompts.of(FACE, 1) is None, "an empty line keeps the common prompt"
    assert prompts.of(FACE, 2) == "a girl: smiling", "a colon after what is no label is part of the prompt"
    assert prompts.of(HAND, 1) == prompts.of(HAND, 7) == "five fingers"
    assert prompts.of(HAND, 0) == "an old man", "a line of its own goes before the label's"
    assert prompts.of(FACE, 3) is None


def test_no_text_is_no_prompt():
    assert ObjectPrompts.parse("", {"face"}) == ObjectPrompts()
