"""The form of errors of services made with FastAPI."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel

from ..errors import Refused


class Complaint(BaseModel):
    loc: list[str | int]
    msg: str
    type: str


class Complaints(BaseModel):
    """The answer to a request that cannot be used."""

    detail: list[Complaint]


class Failure(BaseModel):
    """The answer when a request is not served for another reason."""

    detail: str


def _path_of(field: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in field.split(".") if part]


def failed(error: Refused) -> web.Response:
    """In FastAPI's form."""
    detail: Any = str(error)
    if error.status == 422:
        detail = [
            {"loc": ["body", *_path_of(item.field)], "msg": item.sentence, "type": item.kind} for item in error.problems
        ]
    return web.json_response({"detail": detail}, status=error.status, headers=error.headers)
