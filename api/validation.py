"""From the body of a request to a model of it, or to sentences about what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from multidict import MultiMapping
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from .errors import Problem, Refused
from .sentences import Place, problem_of

MAX_SEED = 2**32 - 1
MAX_NESTING = 100
"""Of brackets in a prompt: what ComfyUI's reader of weights bears, and far more than anybody writes."""

MAX_PROBLEMS = 20


def _not_nested_too_deep(prompt: str) -> str:
    depth = deepest = 0
    for bracket in re.findall(r"\\.|[()]", prompt):
        depth += {"(": 1, ")": -1}.get(bracket, 0)
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise ValueError(f"has {deepest} brackets inside each other; {MAX_NESTING} is the limit. Take some out.")
    return prompt


Prompt = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_not_nested_too_deep)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Switch = bool | Literal[0, 1]
"""Where a document shows a number for a boolean."""


class RequestModel(BaseModel):
    """Values have the documents' types, and none is read as another. Null is the same as leaving a field out.

    Fields a service does not know are ignored, as the services do.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def without_nulls(cls, value: Any) -> Any:
        """null is the same as a field that is left out."""
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
        raise Refused(422, _problems_of(model, error)) from None


def parse_query(model: type[AnyRequest], query: MultiMapping[str]) -> AnyRequest:
    """What the query of a request asks for; a list may be repeated, or have commas. Refused like `parse`."""
    lists = {info.alias or name for name, info in model.model_fields.items() if get_origin(info.annotation) is list}
    given = {
        name: [part for text in query.getall(name) for part in text.split(",")] if name in lists else query[name]
        for name in query
    }
    try:
        return model.model_validate_strings(given, strict=False)
    except ValidationError as error:
        raise Refused(422, _problems_of(model, error)) from None


def _problems_of(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """One problem for each fault: of a union's complaints, those of the branch that was meant."""
    found: dict[str, Problem] = {}
    complaints = error.errors(include_url=False)
    complaints.sort(key=lambda item: item["type"].endswith("_type"))  # a branch of another type was not meant
    for item in complaints:
        place = _field_of(model, item["loc"])
        found.setdefault(place.field, problem_of(place, item))
    inner = tuple(found)
    faults = [found[field] for field in found if not any(other.startswith(f"{field}.") for other in inner)]
    return faults[:MAX_PROBLEMS]


def _field_of(model: type[BaseModel], place: Sequence[int | str]) -> Place:
    """Names of fields and indexes, joined by dots. Pydantic's names of types and the keys of tables are left out."""
    names, models, last = list[str](), [model], None
    for item in place:
        fields = {info.alias or name: info for found in models for name, info in found.model_fields.items()}
        if isinstance(item, int) or item in fields:
            names.append(str(item))
        if item in fields:
            last = fields[item]
            models = _models_in(last.annotation)
    return Place(".".join(names), last)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
