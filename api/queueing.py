"""ComfyUI's queue: put a graph in, wait for what comes out, and leave nothing behind.

Everything that touches ComfyUI's internals is here. A job has a client id of its own, so that its previews and
progress reach nobody, and its entry is taken out of the history, which ComfyUI shows to everyone, before it is shown.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import execution
import folder_paths
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from comfy.model_management import interrupt_current_processing
from comfy_execution.progress import get_progress_state

from .errors import ClientGone, refused
from .failed_jobs import outputs_of, refused_graph
from .graphs.builder import Graph
from .paths import without_prefix

POLL_SECONDS = 0.02
HISTORY_PATHS = ("/history", "/jobs")
"""What shows the history, with /api before it or without."""


@dataclass(eq=False)
class QueuedJob:
    """One graph on its way through the queue. `entry` is what ComfyUI's history had of it, once it has ended."""

    server: Any
    graph: Graph
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    entry: dict[str, Any] | None = None
    started: float | None = None
    """When it was first seen to run, by the monotonic clock."""

    async def put(self) -> None:
        """Validate and queue. Refused if a file is gone; RuntimeError for what else is wrong: the pack's own fault."""
        valid, error, outputs, node_errors = await execution.validate_prompt(self.id, self.graph, None)
        if not valid:
            raise refused_graph(self.graph, node_errors, error)
        number = self.server.number
        self.server.number += 1
        extra = {"create_time": int(time.time() * 1000), "client_id": f"afterdetail-{self.id}"}
        self.server.prompt_queue.put((number, self.id, self.graph, extra, outputs, {}))

    async def result(self, wanted: Callable[[], bool], seconds: float) -> dict[str, Any]:
        """What the nodes showed, by node id, once the graph has run.

        The job is dequeued or interrupted when it is no longer `wanted` (ClientGone), or runs for more than `seconds`
        (Refused), or this coroutine is cancelled.
        """
        ended = False
        try:
            while (entry := self._ended()) is None:
                if not wanted():
                    raise ClientGone
                if self.seconds() > seconds:
                    raise refused(504, f"The job ran longer than the {seconds:g} s this server allows. Ask for less.")
                await _next_poll()
            ended = True
        finally:
            if not ended:
                await self._cancel()
        return outputs_of(entry, self.graph, _folders())

    def seconds(self) -> float:
        """How long it has run. Waiting does not count."""
        return 0.0 if self.started is None else time.monotonic() - self.started

    def progress(self) -> float | None:
        """0..1 by the nodes that are done; None while it waits, 1 once it has run."""
        running, waiting = self.server.prompt_queue.get_current_queue_volatile()
        if self._is_in(waiting):
            return None
        if not self._is_in(running):
            return 1.0
        state = get_progress_state()
        if state.prompt_id != self.id:
            return 0.0
        shares = [node["value"] / node["max"] for node in list(state.nodes.values()) if node["max"]]
        return min(sum(shares) / len(self.graph), 1.0)

    def collect(self) -> bool:
        """Take the entry out of the history; whether it was there."""
        queue = self.server.prompt_queue
        with queue.mutex:
            was_there = self.id in queue.history
            self.entry = queue.history.pop(self.id, self.entry)
        return was_there

    def _ended(self) -> dict[str, Any] | None:
        """The entry. None while the job is queued or runs."""
        queue = self.server.prompt_queue
        with queue.mutex:  # the worker moves a job from place to place under it
            self.collect()
            running, waiting = self._is_in(queue.currently_running.values()), self._is_in(queue.queue)
        if running and self.started is None:
            self.started = time.monotonic()
        if self.entry is None and not (running or waiting):
            raise refused(503, "The job was removed from ComfyUI's queue before it ended. Send the request again.")
        return self.entry

    async def _cancel(self) -> None:
        """Take the job out of the queue, or stop it and wait until it has stopped: it may still read its files."""
        queue = self.server.prompt_queue
        if queue.delete_queue_item(lambda item: item[1] == self.id):
            return
        while True:
            with queue.mutex:
                self.collect()
                if not self._is_in(queue.currently_running.values()):
                    return
                interrupt_current_processing()  # under the mutex: it must not hit the job after this one
            await _next_poll()

    def _is_in(self, items: Iterable[Sequence[Any]]) -> bool:
        """Whether one of these items of ComfyUI's queue is this job."""
        return any(item[1] == self.id for item in items)


def hiding(jobs: Set[QueuedJob]) -> Middleware:
    """A middleware that keeps jobs which have ended, and were not looked at since, out of ComfyUI's answers."""

    @web.middleware
    async def hide(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "GET" or not without_prefix(request.path).startswith(HISTORY_PATHS):
            return await handler(request)
        while True:
            response = await handler(request)
            if not any(job.collect() for job in jobs):  # else the answer may show one: it is made again
                return response

    return hide


async def _next_poll() -> None:
    """Wait for the next multiple of POLL_SECONDS: all jobs look together, so that many of them wake the loop once."""
    await asyncio.sleep(POLL_SECONDS - time.monotonic() % POLL_SECONDS)


def _folders() -> set[str]:
    """Of ComfyUI and of its models, wherever they lie."""
    models = {path for paths, _ in folder_paths.folder_names_and_paths.values() for path in paths}
    return {folder_paths.base_path, folder_paths.models_dir, *models}
