"""ComfyUI's queue: put a graph in, wait for what comes out, and leave nothing behind.

Everything that touches ComfyUI's internals is here. A job has a client id of its own, so that its previews and
progress reach nobody, and its entry is taken out of the history, which ComfyUI shows to everyone, before it is shown.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field
from typing import Any

import execution
from aiohttp import web
from comfy.model_management import interrupt_current_processing
from comfy_execution.progress import get_progress_state

from .errors import refused

POLL_SECONDS = 0.02
HISTORY_PATHS = ("/history", "/jobs")
"""What shows the history, with /api before it or without."""

Graph = dict[str, dict[str, Any]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(eq=False)
class Job:
    """One graph on its way through the queue. `entry` is what ComfyUI's history had of it, once it has ended."""

    server: Any
    graph: Graph
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    entry: dict[str, Any] | None = None

    async def put(self) -> None:
        """Validate and queue. RuntimeError if ComfyUI refuses the graph, which is this pack's fault."""
        valid, error, outputs, node_errors = await execution.validate_prompt(self.id, self.graph, None)
        if not valid:
            reasons = [reason for node in node_errors.values() for reason in node["errors"]]
            raise RuntimeError(f"ComfyUI refused the graph: {[item['message'] for item in reasons] or error}")
        number = self.server.number
        self.server.number += 1
        extra = {"create_time": int(time.time() * 1000), "client_id": f"afterdetail-{self.id}"}
        self.server.prompt_queue.put((number, self.id, self.graph, extra, outputs, {}))

    async def result(self, wanted: Callable[[], bool], seconds: float) -> dict[str, Any]:
        """What the nodes showed, by node id, once the graph has run.

        The job is dequeued or interrupted when it is no longer `wanted` (ClientGone), or takes more than `seconds`
        (Refused), or this coroutine is cancelled.
        """
        deadline = time.monotonic() + seconds
        ended = False
        try:
            while (entry := self._ended()) is None:
                if not wanted():
                    raise ClientGone
                if time.monotonic() > deadline:
                    raise refused(504, f"The job took longer than the {seconds:g} s this server allows. Ask for less.")
                await next_look()
            ended = True
        finally:
            if not ended:
                await self._cancel()
        return outputs_of(entry)

    def progress(self) -> float | None:
        """0..1 by the nodes that are done; None while it waits, 1 once it has run."""
        running, waiting = self.server.prompt_queue.get_current_queue_volatile()
        if any(item[1] == self.id for item in waiting):
            return None
        if all(item[1] != self.id for item in running):
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
            there = any(item[1] == self.id for item in (*queue.currently_running.values(), *queue.queue))
        if self.entry is None and not there:
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
                if all(item[1] != self.id for item in queue.currently_running.values()):
                    return
                interrupt_current_processing()  # under the mutex: it must not hit the job after this one
            await next_look()


def hiding(jobs: Set[Job]) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    """A middleware that keeps jobs which have ended, and were not looked at since, out of ComfyUI's answers."""

    @web.middleware
    async def hide(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "GET" or not request.path.removeprefix("/api").startswith(HISTORY_PATHS):
            return await handler(request)
        while True:
            response = await handler(request)
            if not any(job.collect() for job in jobs):  # else the answer may show one: it is made again
                return response

    return hide


async def next_look() -> None:
    """Wait for the next multiple of POLL_SECONDS: all jobs look together, so that many of them wake the loop once."""
    await asyncio.sleep(POLL_SECONDS - time.monotonic() % POLL_SECONDS)


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


def outputs_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The outputs of a history entry; Refused with the node's own sentence if the graph failed."""
    if entry["status"]["status_str"] == "success":
        return entry["outputs"]
    kind, message = entry["status"]["messages"][-1]
    if kind == "execution_interrupted":
        raise refused(503, "The job was interrupted on the server. Send the request again.")
    sentence = str(message.get("exception_message", "The graph failed.")).strip()
    raise refused(500, sentence.splitlines()[0] if sentence else "The graph failed.")
