"""Weights in prompts, as hosted services and the A1111 web UI read them: brackets inside brackets multiply."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

BRACKET = 1.1
"""What a pair of brackets without a number multiplies by."""

ESCAPED = {"(": "\\(", ")": "\\)"}


class Weighted(NamedTuple):
    """A piece of a prompt, brackets in it escaped.

    `product` is its weight where brackets multiply, `replaced` the one that ComfyUI gives it, where an inner number
    takes the place of the outer ones.
    """

    text: str
    product: float
    replaced: float


def flat(prompt: str) -> str:
    """`prompt` in a form that ComfyUI reads as the products. Returned as it is where both readings agree.

    The products are written with nine digits. Brackets that belong to no pair stay text, as in ComfyUI.
    """
    pieces = weighted(prompt)
    if all(piece.product == piece.replaced for piece in pieces):
        return prompt
    return "".join(_written(pieces))


def _written(pieces: Sequence[Weighted]) -> Iterator[str]:
    """Two pieces without brackets would become one word, and a backslash at the end would belong to a bracket."""
    is_bare = False
    for text, product, _ in pieces:
        is_bare = product == 1 and not is_bare and not text.endswith("\\")
        yield text if is_bare else f"({text}:{product:.9g})"


def weighted(prompt: str, product: float = 1.0, replaced: float = 1.0) -> list[Weighted]:
    """The pieces of a prompt in order, paired off as ComfyUI pairs brackets."""
    pieces: list[Weighted] = []
    for part in _parts(prompt):
        if part[0] == "(" and part[-1] == ")" and len(part) > 1 and not part.endswith("\\)"):
            inner, number = _number(part[1:-1])
            if number is None:
                pieces += weighted(inner, product * BRACKET, replaced * BRACKET)
            else:
                pieces += weighted(inner, product * number, number)
        else:
            text = re.sub(r"\\[()]|[()]", lambda found: ESCAPED.get(found[0], found[0]), part)
            pieces.append(Weighted(text, product, replaced))
    return pieces


def _parts(text: str) -> list[str]:
    """Whole pairs of brackets, what is between them, and, in one, all behind a bracket that has no other."""
    parts, part, depth = list[str](), "", 0
    for token in re.findall(r"\\[()]|.", text, re.DOTALL):
        if token == "(" and depth == 0:
            parts.append(part)
            part = ""
        part += token
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == ")" and depth == 0:
            parts.append(part)
            part = ""
    return [found for found in (*parts, part) if found]


def _number(inner: str) -> tuple[str, float | None]:
    """The text in a pair of brackets, and the number behind its last colon."""
    text, _, number = inner.rpartition(":")
    try:
        return (text, float(number)) if text else (inner, None)
    except ValueError:
        return inner, None
