"""The routes of all dialects, and what they all go through: the key, the body, the place in the queue, the answer."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from comfy.cli_args import args

from . import assets, openapi
from .access import NOBODY, client_of
from .body import readable
from .dialects.a1111 import routes as a1111
from .dialects.dialect import Dialect, Failed, Get, Post, Route
from .dialects.novita import routes as novita
from .dialects.octoai import routes as octoai
from .dialects.segmind import routes as segmind
from .errors import ClientGone, Refused, refused
from .failed_jobs import failure
from .paths import is_ours, without_prefix
from .queueing import hiding
from .service import Caller, Service
from .service_settings import Settings
from .validation import parse

LOG = logging.getLogger("afterdetail")
CLIENT_CLOSED_REQUEST = 499
"""nginx's number: nobody reads the answer."""

DIALECTS = (octoai.DIALECT, segmind.DIALECT, novita.DIALECT, a1111.DIALECT)
Answer = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


def add_routes(server: Any, settings: Settings) -> None:
    """Register everything on ComfyUI's server, before it starts."""
    service = Service.of(server, settings)
    service.tasks.tidy()
    others = {route.path: _add(service, dialect, route) for dialect in (*DIALECTS, _own()) for route in dialect.routes}
    missing = _guarded(service, octoai.DIALECT.failed, _no_such_route, public=False)
    server.app.middlewares.insert(0, _before_comfyui(others, missing))
    server.app.middlewares.append(hiding(service.jobs))
    server.app.on_startup.append(_spare_collections)
    server.app.on_startup.append(partial(_name_missing, settings))
    who = f"{len(settings.api_keys)} API keys" if settings.api_keys else "no API key: this machine's clients only"
    LOG.info("The HTTP service of AfterDetail is on (%s).", who)


def _own() -> Dialect:
    """This server's own route: the document of all others, and of itself."""

    async def describe(service: Service, request: web.Request, client: str) -> web.StreamResponse:
        return web.json_response(document)

    dialect = octoai.DIALECT._replace(
        name="AfterDetail", routes=(Get("/afterdetail/openapi.json", "This document", describe),)
    )
    document = openapi.document((*DIALECTS, dialect))
    return dialect


async def _name_missing(settings: Settings, app: web.Application) -> None:
    """Tell the log which files the settings name and the model folders lack, once every pack has named its folders."""
    for file in assets.missing_defaults(settings):
        LOG.warning("The HTTP service of AfterDetail misses models/%s, which its settings name.", file)


async def _spare_collections(app: web.Application) -> None:
    """Leave out of the garbage collections what ComfyUI has loaded to start, and keeps.

    ComfyUI collects every ten seconds while it works, and no request is answered meanwhile: 0.3 s with these objects.
    No model is among them yet.
    """
    gc.collect()
    gc.freeze()


def _add(service: Service, dialect: Dialect, route: Route) -> Handler:
    """One route. Returns what refuses every other method on its path."""

    async def other_method(request: web.Request, client: str) -> web.StreamResponse:
        raise refused(405, f"{route.path} takes {route.method} only.", {"Allow": route.method})

    answer = _queueing(service, route) if isinstance(route, Post) else partial(route.read, service)
    refuse = _guarded(service, dialect.failed, other_method, route.public)
    service.server.routes.route(route.method, route.path)(_guarded(service, dialect.failed, answer, route.public))
    service.server.routes.route("*", route.path)(refuse)
    return refuse


async def _no_such_route(request: web.Request, client: str) -> web.StreamResponse:
    """Refused with 404: where the document of all routes is."""
    raise refused(404, f"There is no route {request.path[:80]}. GET /afterdetail/openapi.json lists those there are.")


def _before_comfyui(others: Mapping[str, Handler], missing: Handler) -> Middleware:
    """Answers on the service's paths what ComfyUI would answer to anybody, and in words of its own.

    These are paths without a route, and OPTIONS, which ComfyUI needs where pages of other origins are let in.
    """

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_ours(request.path):
            return await handler(request)
        other_method = others.get(without_prefix(request.path))
        if other_method is None:
            return await missing(request)
        if request.method == "OPTIONS" and not args.enable_cors_header:
            return await other_method(request)
        return await handler(request)

    return answer


def _guarded(service: Service, failed: Failed, answer: Answer, public: bool) -> Handler:
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
            response = failed(failure(request.path, error))
        seconds = time.monotonic() - start
        LOG.info("%s %s: %d in %.2f s", request.method, request.path, response.status, seconds)
        return response

    return handle


def _queueing(service: Service, route: Post) -> Answer:
    """An answer that takes a place in its client's lane when the body is there, until the job has ended."""

    async def answer(request: web.Request, client: str) -> web.StreamResponse:
        service.lanes.require_room(client)
        body = await service.bodies.read(request, client)
        async with AsyncExitStack() as held:
            turn = await held.enter_async_context(service.lanes.place(client))
            if service.settings.log_requests:
                LOG.info("%s %s", request.path, readable(body))
            parsed = await asyncio.to_thread(parse, route.request, body)
            del body  # it may wait long
            return await route.run(service, Caller(client, turn, lambda: _is_waiting(request), held), parsed)

    return answer


def _is_waiting(request: web.Request) -> bool:
    """Whether the client is still there."""
    return request.transport is not None and not request.transport.is_closing()
