"""Style Preset in a real ComfyUI."""

import pytest
from rig.prompts import node
from rig.server import PromptRefused


def graph(style: str) -> dict:
    return {
        "style": node("AfterDetailStylePreset", style_preset=style, prompt="a fox", negative_prompt="blurry"),
        "prompt": node("PreviewAny", source=["style", 0]),
        "negative": node("PreviewAny", source=["style", 1]),
    }


def texts(comfy, style: str) -> tuple[str, str]:
    outputs = comfy.run(graph(style))["outputs"]
    return outputs["prompt"]["text"][0], outputs["negative"]["text"][0]


def test_a_style_goes_around_both_texts(comfy):
    assert texts(comfy, "base") == ("a fox", "blurry")
    prompt, negative = texts(comfy, "pokemon")
    assert prompt.startswith("a fox, ") and negative.startswith("blurry, ")
    with pytest.raises(PromptRefused, match="Nearest: Watercolor"):
        comfy.queue(graph("watercolour"))


def test_own_styles_and_a_bad_file_of_them(comfy):
    own = comfy.base / "user" / "default" / "afterdetail" / "styles.json"
    own.parent.mkdir(parents=True, exist_ok=True)
    try:
        own.write_text('{"House": ["{prompt} by us", "theirs"]}')
        assert texts(comfy, "house") == ("a fox by us", "blurry, theirs")
        own.write_text('{"House": ["by us", "theirs"]}')
        with pytest.raises(PromptRefused, match=r"House.*must be a list of two texts"):
            comfy.queue(graph("house"))
        assert "base" in comfy.object_info("AfterDetailStylePreset")["input"]["required"]["style_preset"][1]["options"]
    finally:
        own.unlink()
