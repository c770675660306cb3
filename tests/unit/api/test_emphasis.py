"""Weights of prompts multiply on the HTTP routes. ComfyUI's own reader of weights is the judge of what was written."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType

import pytest
from afterdetail.api.graphs.emphasis import flat, weighted
from hypothesis import example, given
from hypothesis import strategies as st
from rig.comfyui import comfyui_path
from rig.make import import_comfy_on_cpu

PROMPTS = st.text(st.sampled_from("ab (():.1250\\,"), max_size=24)


@pytest.fixture(scope="module")
def comfyui() -> ModuleType:
    if str(comfyui_path()) not in sys.path:
        sys.path.append(str(comfyui_path()))
    import_comfy_on_cpu()
    import comfy.sd1_clip

    return comfy.sd1_clip


def read(comfyui: ModuleType, prompt: str) -> list[tuple[str, float]]:
    """Each character that is encoded, with its weight."""
    pieces = comfyui.token_weights(comfyui.escape_important(prompt), 1.0)
    return [(letter, weight) for text, weight in pieces for letter in comfyui.unescape_important(text)]


def products(comfyui: ModuleType, text: str, weight: float = 1.0) -> Iterator[tuple[str, float]]:
    """What is meant: ComfyUI's pairs of brackets, with the product of all a letter is in."""
    for part in comfyui.parse_parentheses(text):
        if len(part) >= 2 and part[0] == "(" and part[-1] == ")":
            inner, factor = part[1:-1], 1.1
            if (colon := inner.rfind(":")) > 0:
                with suppress(ValueError):
                    inner, factor = inner[:colon], float(inner[colon + 1 :])
            yield from products(comfyui, inner, weight * factor)
        else:
            yield from ((letter, weight) for letter in comfyui.unescape_important(part))


@given(prompt=PROMPTS)
@example(prompt="(a tall (beautiful:1.5) woman:1.2)")
@example(prompt="((a:0.5)(b:0.5):2)")
@example(prompt=")a(b)((c:2)")
@example(prompt="((a\\:0.5):2)(b:3)")
def test_the_flat_form_has_the_products_for_weights(comfyui, prompt):
    meant = list(products(comfyui, comfyui.escape_important(prompt)))
    found = read(comfyui, flat(prompt))
    assert [letter for letter, _ in found] == [letter for letter, _ in meant]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in meant], rel=1e-6)


@given(prompt=PROMPTS)
def test_brackets_are_paired_as_in_comfyui(comfyui, prompt):
    ours = [
        (letter, piece.replaced)
        for piece in weighted(prompt)
        for letter in piece.text.replace("\\(", "(").replace("\\)", ")")
    ]
    assert ours == read(comfyui, prompt)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("(a tall (beautiful:1.5) woman:1.2)", "(a tall :1.2)(beautiful:1.8)( woman:1.2)"),
        ("((beautiful:1.5) woman)", "(beautiful:1.65)( woman:1.1)"),
        ("((embedding:file:1.2) b:1.5)", "(embedding:file:1.8)( b:1.5)"),
        ("((a:0.5)(b:0.5):2)", "a(b:1)"),
    ],
)
def test_what_is_written(prompt, expected):
    assert flat(prompt) == expected


@pytest.mark.parametrize(
    "prompt",
    ["a (cat:1.2)", "(((long whiskers)))", "8:30 o'clock", "a :( b", "(a", "a)", r"\(a\)", "(a: b)", "(negXL:1.2)", ""],
)
def test_a_prompt_that_both_read_alike_is_left_alone(prompt):
    assert flat(prompt) == prompt
