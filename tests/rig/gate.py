"""Sampling that stands still until it is interrupted, and servers that work on nothing for a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .prompts import Graph, node
from .server import ComfyServer
from .waiting import until


class Gate:
    """Stands before a model: after `passing` calls the next waits until it is interrupted. With cfg 1 a step is one."""

    def __init__(self, calls: Path, passing: int):
        self._calls, self._passing = calls, passing

    def before(self, graph: Graph, key: str) -> Graph:
        """The graph, with the gate between the node `key` and its model."""
        gated = graph[key]
        gate = node("ProbeGate", model=gated["inputs"]["model"], calls=str(self._calls), passing=self._passing)
        return graph | {"gate": gate, key: gated | {"inputs": gated["inputs"] | {"model": ["gate", 0]}}}

    @property
    def begun(self) -> int:
        """How many calls have begun."""
        return self._calls.stat().st_size if self._calls.exists() else 0

    def wait(self) -> None:
        """Until a call waits."""
        until(lambda: self.begun > self._passing, "a call that waits")


@contextmanager
def held(servers: Sequence[ComfyServer], folder: Path) -> Iterator[None]:
    """While it lasts, these servers take jobs into their queues, and work on none."""
    door = folder / "door"
    door.touch()
    jobs: list[tuple[ComfyServer, str]] = []
    try:
        for server in servers:
            jobs.append((server, server.queue({"hold": node("ProbeHold", path=str(door))})))
        yield
    finally:
        door.unlink()
        for server, job in jobs:
            server.wait(job)
            server.post("/history", json={"delete": [job]})
