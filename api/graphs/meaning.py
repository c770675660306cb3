"""What the fields of a request are to a graph. Each says it once, where it is declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class InGraph:
    """Marks a field: the `name` of the widget or parameter it is, if that is another, and its `value` there."""

    name: str = ""
    value: Callable[[Any], Any] = _unchanged


def in_graph(request: BaseModel) -> dict[str, Any]:
    """The values of all fields so marked, by their names in the graph."""
    return {
        mark.name or field: mark.value(getattr(request, field))
        for field, info in type(request).model_fields.items()
        for mark in info.metadata
        if isinstance(mark, InGraph)
    }


def in_hundredths(strength: float) -> float:
    """As the nodes' widgets have it. A schedule is `steps / strength` long: the least shares would fill memory."""
    return round(strength, 2)


def in_hundredths_or_0(strength: float) -> float:
    """The same, but 0, which keeps a picture as it is, only where 0 was asked for."""
    return strength and max(in_hundredths(strength), 0.01)
