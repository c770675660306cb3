"""Weights that detectors lack, for the canvas: what they are, and fetching them once the user has said so there.

The click on the panel's button is the consent; the download itself is that of the command line.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from ..detectors import registry, store

ROUTE = "/afterdetail/weights"


def missing() -> dict[str, dict[str, Any]]:
    """Detector -> file, size in bytes, licence, address and check of the weights that are not there."""
    rows = {}
    for name, entry in registry.entries().items():
        weight = store.weights().get(name)
        if weight is not None and entry.lacks():
            rows[name] = {key: getattr(weight, key) for key in ("file", "size", "licence", "url", "check")}
    return rows


class Cancelled(Exception):
    """The user has stopped a download."""


@dataclass
class Download:
    """How far the download of one detector's weights is; bytes. `problem` is a sentence, "" if there is none."""

    done: int = 0
    total: int = 0
    ended: bool = False
    problem: str = ""


class Downloads:
    """At most one download for each detector, in a thread of its own."""

    def __init__(self) -> None:
        self._states: dict[str, Download] = {}
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()

    def start(self, detector: str) -> None:
        """Fetch a detector's file in a thread of its own; one that is under way goes on, a stop before forgotten."""
        with self._lock:
            self._cancelled.discard(detector)
            running = self._states.get(detector)
            if running is not None and not running.ended:
                return
            state = self._states[detector] = Download()
        threading.Thread(target=self._fetch, args=(detector, state), daemon=True).start()

    def state(self, detector: str) -> Download | None:
        """How far it is; None for one that was never started."""
        return self._states.get(detector)

    def cancel(self, detector: str) -> None:
        """End it with the next bytes; what came is kept for the next time."""
        self._cancelled.add(detector)

    def _fetch(self, detector: str, state: Download) -> None:
        def progress(done: int, total: int) -> None:
            if detector in self._cancelled:
                raise Cancelled
            state.done, state.total = done, total

        try:
            registry.find(detector).fetch(progress)
        except Cancelled:
            state.problem = "Stopped. What was fetched stays, and the next download goes on from there."
        except ValueError as error:
            state.problem = str(error)
        state.ended = True


class WeightRoutes:
    def __init__(self) -> None:
        self._downloads = Downloads()

    def register(self, server: Any) -> None:
        """Add the routes to ComfyUI's server."""
        server.routes.get(ROUTE)(self.missing)
        server.routes.post(ROUTE + "/{detector}")(self.start)
        server.routes.get(ROUTE + "/{detector}")(self.state)
        server.routes.delete(ROUTE + "/{detector}")(self.cancel)

    async def missing(self, request: web.Request) -> web.Response:
        """{detector: its weights} of those whose file is not there."""
        return web.json_response(missing())

    async def start(self, request: web.Request) -> web.Response:
        """Fetch the weights of a detector; 404 for one that has none of its own to fetch."""
        detector = request.match_info["detector"]
        if request.content_type != "application/json":  # a form of another site cannot send it: no consent by accident
            raise web.HTTPUnsupportedMediaType(text="Send an empty JSON object.")
        if detector not in store.weights():
            raise web.HTTPNotFound(text=f"There are no weights to fetch for {detector!r}.")
        self._downloads.start(detector)
        return web.Response(status=202)

    async def state(self, request: web.Request) -> web.Response:
        """{done, total, ended, problem}"""
        detector = request.match_info["detector"]
        state = self._downloads.state(detector)
        if state is None:
            raise web.HTTPNotFound(text=f"Nothing was fetched for {detector!r}.")
        return web.json_response(asdict(state))

    async def cancel(self, request: web.Request) -> web.Response:
        """End a download; 204 whether or not there is one."""
        self._downloads.cancel(request.match_info["detector"])
        return web.Response(status=204)
