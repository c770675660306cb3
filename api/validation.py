"""From the body of a request to a model of it, or to sentences about what is wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from .errors import Problem, Refused

MAX_SEED = 2**32 - 1
SHOWN_CHARACTERS = 60
Prompt = Annotated[str, StringConstraints(max_length=20_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class RequestModel(BaseModel):
    """Fields a service does not know are ignored, as the services do; null is the same as leaving a field out."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def without_nulls(cls, value: Any) -> Any:
        return {name: item for name, item in value.items() if item is not None} if isinstance(value, dict) else value


@dataclass(frozen=True)
class OneOf:
    """Marks a text that is a key of `names`."""

    names: Mapping[str, object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.names))


AnyRequest = TypeVar("AnyRequest", bound=BaseModel)


def parse(model: type[AnyRequest], body: bytes) -> AnyRequest:
    """The request in `body`. Refused, with one problem for each field that is wrong."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Refused(422, [problem_of(item) for item in error.errors(include_url=False)]) from None


def problem_of(error: ErrorDetails) -> Problem:
    """A sentence that names the field, its value and the limit."""
    field = ".".join(map(str, error["loc"]))
    message = error["msg"][:1].lower() + error["msg"][1:]
    match error["type"]:
        case "missing":
            sentence = f"{field} is missing. It is required."
        case "json_invalid":
            return Problem("", f"The body is not JSON: {message.removeprefix('invalid JSON: ')}.", error["type"])
        case "literal_error":
            sentence = _unknown(field, error)
        case "value_error":
            sentence = str(error.get("ctx", {}).get("error", message))
        case _:
            sentence = f"{field or 'The body'} is {shown(error['input'])}: {message}."
    return Problem(field, sentence, error["type"])


def _unknown(field: str, error: ErrorDetails) -> str:
    known = re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", ""))
    value = error["input"]
    if len(known) > 4 and isinstance(value, str):
        known = difflib.get_close_matches(value, known, n=3, cutoff=0.0)
        return f"Unknown {field} {shown(value)}. Nearest: {', '.join(known)}."
    return f"{field} is {shown(value)}: use {' or '.join(known)}."


def shown(value: Any) -> str:
    """A value for a sentence: never a whole prompt or image."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:20]}... ({len(text)} characters)"
