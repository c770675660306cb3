"""The routes of all dialects, and what they all go through: the key, the body, the place in the queue, the answer."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web
from pydantic import BaseModel

from . import openapi
from .access import NOBODY, Turn, client_of
from .dialects.a1111 import routes as a1111
from .dialects.dialect import Dialect, Failed, Get, Post, Route
from .dialects.novita import routes as novita
from .dialects.octoai import routes as octoai
from .dialects.segmind import routes as segmind
from .errors import Refused, refused
from .queueing import ClientGone, Handler, hiding
from .service import Caller, Service, log_failure
from .settings import Settings
from .validation import parse

LOG = logging.getLogger("afterdetail")
BODY_SECONDS = 120
CLIENT_CLOSED_REQUEST = 499
"""nginx's number: nobody reads the answer."""

DIALECTS = (octoai.DIALECT, segmind.DIALECT, novita.DIALECT, a1111.DIALECT)
Answer = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


def add_routes(server: Any, settings: Settings) -> None:
    """Register everything on ComfyUI's server, before it starts."""
    service = Service.of(server, settings)
    service.tasks.forget_old()
    for dialect in (*DIALECTS, own()):
        for route in dialect.routes:
            add(service, dialect, route)
    server.app.middlewares.append(hiding(service.jobs))
    server.app.on_startup.append(spare_collections)
    who = f"{len(settings.api_keys)} API keys" if settings.api_keys else "no API key: this machine's clients only"
    LOG.info("The HTTP service of AfterDetail is on (%s).", who)


def own() -> Dialect:
    """This server's own route: the document of all others, and of itself."""

    async def describe(service: Service, request: web.Request, client: str) -> web.StreamResponse:
        return web.json_response(document)

    dialect = octoai.DIALECT._replace(
        name="AfterDetail", routes=(Get("/afterdetail/openapi.json", "This document", describe),)
    )
    document = openapi.document((*DIALECTS, dialect))
    return dialect


async def spare_collections(app: web.Application) -> None:
    """Leave out of the garbage collections what ComfyUI has loaded to start, and keeps.

    ComfyUI collects every ten seconds while it works, and no request is answered meanwhile: 0.3 s with these objects.
    No model is among them yet.
    """
    gc.collect()
    gc.freeze()


def add(service: Service, dialect: Dialect, route: Route) -> None:
    """One route, and the refusal of every other method on its path."""

    async def other_method(request: web.Request, client: str) -> web.StreamResponse:
        raise refused(405, f"{route.path} takes {route.method} only.", {"Allow": route.method})

    answer = queueing(service, route) if isinstance(route, Post) else partial(route.read, service)
    public = isinstance(route, Get) and route.public
    routes = service.server.routes
    routes.route(route.method, route.path)(guarded(service, dialect.failed, answer, public))
    routes.route("*", route.path)(guarded(service, dialect.failed, other_method, public))


def guarded(service: Service, failed: Failed, answer: Answer, public: bool) -> Handler:
    """The handler around an answer: who asks, and whatever goes wrong in the service's own form."""

    async def handle(request: web.Request) -> web.StreamResponse:
        start = time.monotonic()
        try:
            client = NOBODY if public else client_of(request, service.settings.api_keys)
            response = await answer(request, client)
        except Refused as error:
            response = failed(error)
        except ClientGone:
            response = web.Response(status=CLIENT_CLOSED_REQUEST)
        except Exception as error:
            log_failure(request.path, error)
            response = failed(refused(500, f"The server failed ({type(error).__name__}); the reason is in its log."))
        seconds = time.monotonic() - start
        LOG.info("%s %s: %d in %.2f s", request.method, request.path, response.status, seconds)
        return response

    return handle


def queueing(service: Service, route: Post) -> Answer:
    """An answer that takes a place in its client's lane and keeps it until the job has ended."""

    async def answer(request: web.Request, client: str) -> web.StreamResponse:
        async with AsyncExitStack() as held:
            turn = await held.enter_async_context(service.lanes.place(client))
            wish = await wish_in(request, route, service.settings, turn)
            return await route.run(service, Caller(client, turn, lambda: is_waiting(request), held), wish)

    return answer


async def wish_in(request: web.Request, route: Post, settings: Settings, turn: Turn) -> BaseModel:
    """What is asked for; the job stands in line from when all of it has come."""
    body = await body_of(request, settings)
    turn.line_up()
    if settings.log_requests:
        LOG.info("%s %s", request.path, readable(body))
    return await asyncio.to_thread(parse, route.request, body)


def is_waiting(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


async def body_of(request: web.Request, settings: Settings) -> bytes:
    """The JSON text of a request. Refused if it is something else, too long or too slow; ClientGone if it was cut."""
    if request.content_type != "application/json":
        raise refused(415, f"The body is {request.content_type}. Send JSON, with Content-Type: application/json.")
    if (coding := request.headers.get("Content-Encoding", "identity")) != "identity":
        raise refused(415, f"The body is packed as {coding[:20]}. Send it as it is, without Content-Encoding.")
    limit = int(settings.max_body_mb * 1_000_000)
    if (request.content_length or 0) > limit:
        raise refused(413, f"The body has {request.content_length} bytes; this server takes {limit} at most.")
    try:
        return await asyncio.wait_for(_read(request, limit), BODY_SECONDS)
    except asyncio.TimeoutError:
        raise refused(408, f"The body did not come within {BODY_SECONDS} s. Send the request again.") from None
    except (ConnectionError, aiohttp.ClientError, aiohttp.http.HttpProcessingError):
        raise ClientGone from None


async def _read(request: web.Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > limit:
            raise refused(413, f"The body has more than the {limit} bytes this server takes.")
    return bytes(body)


def readable(body: bytes) -> str:
    """A request for the log, with its long texts, which are images, left out."""

    def shortened(value: Any) -> Any:
        match value:
            case dict():
                return {name: shortened(item) for name, item in value.items()}
            case list():
                return [shortened(item) for item in value]
            case str() if len(value) > 2000:
                return f"<{len(value)} characters>"
        return value

    try:
        return json.dumps(shortened(json.loads(body)))
    except ValueError:
        return "<no JSON>"
