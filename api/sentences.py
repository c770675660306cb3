"""What is wrong with a field, in a sentence that names it, its value and its limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ..detailer.names import unknown
from .errors import Problem

SHOWN_CHARACTERS = 60
TYPES = {"bool_type": "use true or false", "string_type": "use a text in quotes", "list_type": "use a list"}
NUMBERS = ("greater_than", "less_than", "multiple_of", "int_", "float_", "finite_number")
"""How pydantic's words for what is wrong with a number begin."""


class Place(NamedTuple):
    """Where a problem is: the names of fields and indexes, joined by dots, and the innermost field."""

    field: str
    info: FieldInfo | None


def problem_of(place: Place, error: ErrorDetails) -> Problem:
    """One of pydantic's errors as a sentence that names field, value and limit."""
    field, kind = place.field, error["type"]
    message = error["msg"][:1].lower() + error["msg"][1:]
    match kind:
        case "missing":
            sentence = f"{field} is missing. It is required."
        case "json_invalid":
            return Problem("", f"The body is not JSON: {message.removeprefix('invalid JSON: ')}.", kind)
        case "extra_forbidden":
            name = str(error["loc"][-1])[:40]
            sentence = f"{field} has {name!r}, which is not known here. Correct it, or take it out."
        case "literal_error":
            sentence = _unknown(field, error)
        case "value_error":
            reason = str(error.get("ctx", {}).get("error", message))
            sentence = f"{field} {reason}" if field else reason
        case _:
            limits = _number(place.info) if place.info and kind.startswith(NUMBERS) else TYPES.get(kind, message)
            sentence = f"{field or 'The body'} is {_shown(error['input'])}: {limits}."
    return Problem(field, sentence, kind)


def _unknown(field: str, error: ErrorDetails) -> str:
    expected = error.get("ctx", {}).get("expected", "")
    known = re.findall(r"'([^']*)'", expected)
    value = error["input"]
    if known and isinstance(value, str) and len(value) <= SHOWN_CHARACTERS:
        return unknown(field, value, known)
    return f"{field} is {_shown(value)}: use {expected}."


def _number(info: FieldInfo) -> str:
    """What numbers a field takes: "use a whole number from 1 to 200"."""
    limits: dict[str, Any] = {}
    for mark in _marks(info):
        for name in ("ge", "gt", "le", "multiple_of"):
            if (value := getattr(mark, name, None)) is not None:
                limits.setdefault(name, value)
    words = ["use a whole number" if int in _types(info.annotation) else "use a number"]
    if (above := limits.get("gt")) is not None:
        words.append(f"above {above}")
    elif (low := limits.get("ge")) is not None:
        words.append(f"from {low}")
    if (high := limits.get("le")) is not None:
        words.append(f"to {high}")
    if (step := limits.get("multiple_of")) is not None:
        words.append(f"that is a multiple of {step}")
    return " ".join(words)


def _marks(mark: Any) -> Iterator[Any]:
    """The marks of a field, outermost first, those inside unions, lists and tables too."""
    if isinstance(mark, FieldInfo):
        yield from mark.metadata
        yield from _marks(mark.annotation)
        return
    yield mark
    for part in get_args(mark):
        yield from _marks(part)


def _types(annotation: Any) -> set[Any]:
    return {annotation}.union(*(_types(part) for part in get_args(annotation)))


def _shown(value: Any) -> str:
    """A value for a sentence: never a whole prompt or image."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:20]}... ({len(text)} characters)"
