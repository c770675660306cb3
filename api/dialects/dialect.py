"""What a service's routes say of themselves: enough to serve them and to describe them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import web
from pydantic import BaseModel

from ..errors import Refused
from ..service import Caller, Service

Failed = Callable[[Refused], web.Response]
Run = Callable[[Service, Caller, Any], Awaitable[web.Response]]
Read = Callable[[Service, web.Request, str], Awaitable[web.StreamResponse]]
"""From the request and the name of the client."""


class Post(NamedTuple):
    """A route that queues the graph of a `request`. `binary`: the answer may be an image's bytes instead."""

    path: str
    summary: str
    request: type[BaseModel]
    answer: type[BaseModel]
    run: Run
    binary: bool = False

    method = "POST"
    public = False


class Get(NamedTuple):
    """A route that only reads. `failures` are statuses besides those that every route has.

    `public`: no key is asked for, and the document leaves the route out.
    """

    path: str
    summary: str
    read: Read
    answer: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    failures: tuple[int, ...] = ()
    public: bool = False

    method = "GET"


Route = Post | Get


class Dialect(NamedTuple):
    """A service's routes and its form of errors.

    `failed` makes the answer of a refusal, and `failure` is its model; `invalid` is that of 422, where the service
    answers so.
    """

    name: str
    routes: tuple[Route, ...]
    failed: Failed
    failure: type[BaseModel]
    invalid: type[BaseModel] | None = None
