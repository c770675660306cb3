"""Servers in threads of this process: one for each place at a server, which waits for HTTP, and one for checks."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from .run import Call
from .server import Outcome

CANCEL_SECONDS = 10.0


class Worker(Protocol):
    """`server.Server`, or `remote.Remote`."""

    def check(self) -> Outcome:
        """Whether the server can be used, and why not."""
        ...

    def detail(self, data: bytes) -> Outcome:
        """One picture's file, detailed."""
        ...

    def cancel(self) -> None:
        """End what runs, from another thread."""
        ...


class Threads:
    """`with Threads(servers, places) as pool:`. places: how many pictures each gets at once."""

    def __init__(self, servers: Sequence[Worker], places: int):
        self._servers, self._places = servers, places + 1
        self._calls: list[SimpleQueue[tuple[Call, Any, tuple[Any, ...]]]] = [SimpleQueue() for _ in servers]
        self._ended: SimpleQueue[tuple[Any, Outcome]] = SimpleQueue()
        self._running = 0

    def __enter__(self) -> Threads:
        for index in range(len(self._servers)):
            for _ in range(self._places):
                threading.Thread(target=self._work, args=(index,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End what runs on the servers, and wait a moment for it."""
        if not self._running:
            return
        for server in self._servers:
            threading.Thread(target=server.cancel, daemon=True).start()
        deadline = time.monotonic() + CANCEL_SECONDS
        while self._running and time.monotonic() < deadline:
            self.wait(deadline - time.monotonic())

    def call(self, server: int, call: Call, token: Any, *arguments: Any) -> None:
        """Let a server do something; `wait` gives the outcome with the token."""
        self._running += 1
        self._calls[server].put((call, token, arguments))

    def wait(self, seconds: float) -> list[tuple[Any, Outcome]]:
        """Outcomes by token: none, if nothing ends within `seconds`."""
        ended = []
        try:
            ended.append(self._ended.get(timeout=max(seconds, 0)))
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            self._running -= len(ended)
            return ended

    def _work(self, index: int) -> None:
        while True:
            call, token, arguments = self._calls[index].get()
            try:
                outcome = getattr(self._servers[index], call)(*arguments)
            except Exception as error:  # or the run would wait for this for ever
                outcome = Outcome("failed", f"An error of this program: {error!r}.")
            self._ended.put((token, outcome))
