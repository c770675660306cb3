"""Why a request is not answered with a result: a status, and sentences for the person who sent it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong: the field it is in ("" for the request as a whole), a sentence, and pydantic's word for it."""

    field: str
    sentence: str
    kind: str = "value_error"


class Refused(Exception):
    """An answer other than the result. `status` is HTTP's; each dialect maps it to its own."""

    def __init__(self, status: int, problems: Sequence[Problem], headers: Mapping[str, str] | None = None):
        super().__init__(" ".join(problem.sentence for problem in problems))
        self.status, self.problems, self.headers = status, tuple(problems), dict(headers or {})


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


def invalid(field: str, sentence: str) -> Refused:
    """A value of the request that cannot be used."""
    return Refused(422, [Problem(field, sentence)])


def refused(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Refused:
    """The request as a whole cannot be served."""
    return Refused(status, [Problem("", sentence)], headers)
