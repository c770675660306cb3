"""What every route works with: the settings, the readers, the lanes, and the way through the queue."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from . import assets, folders, images
from .access import Lanes, Turn
from .body import Bodies
from .graphs import Built, Checking
from .handover import awaited
from .queueing import QueuedJob
from .service_settings import Settings
from .tasks import TaskStore
from .validation import MAX_SEED


@dataclass(frozen=True)
class Caller:
    """Whose job it is: a name for the key, the place in its lane, and whether somebody still waits for the answer.

    `held` gives the place back. Whoever works on after the answer takes it over with `pop_all`.
    """

    client: str
    turn: Turn
    wanted: Callable[[], bool]
    held: AsyncExitStack


@dataclass(frozen=True)
class GraphResults:
    """The pictures of a graph, the places of those the safety check removed, and what its nodes reported."""

    pictures: list[Image.Image]
    removed: frozenset[int]
    report: Mapping[str, Any]
    milliseconds: float

    async def files(self, encoding: str, quality: int = 95) -> list[bytes | None]:
        """Each picture as an image file, None for one that was removed. Pictures are let go one by one."""
        files = []
        while self.pictures:
            picture = self.pictures.pop(0)
            files.append(None if len(files) in self.removed else await images.encoded(picture, encoding, quality))
        return files


@dataclass(frozen=True)
class Service:
    server: Any
    settings: Settings
    reader: images.Reader
    bodies: Bodies
    lanes: Lanes
    tasks: TaskStore
    background: set[asyncio.Task[None]] = field(default_factory=set)
    """What works on tasks whose request is answered."""
    jobs: set[QueuedJob] = field(default_factory=set)
    """Those on their way through the queue."""

    @staticmethod
    def of(server: Any, settings: Settings) -> Service:
        """The service on ComfyUI's server; one for each server."""
        lanes = Lanes(settings.max_jobs_per_key, settings.max_queue, server.prompt_queue.get_tasks_remaining)
        tasks = TaskStore(folders.own() / "tasks", settings.task_hours)
        return Service(server, settings, images.Reader.of(settings), Bodies(settings.max_body_bytes), lanes, tasks)

    def checking(self) -> Checking | None:
        """The files of the safety check, if the operator has chosen one."""
        safety = self.settings.safety
        if safety is None:
            return None
        clip_vision = assets.default("clip_vision", safety.clip_vision)
        concepts = assets.default("safety_concepts", safety.concepts)
        return Checking(clip_vision, concepts, safety.threshold)

    async def run(
        self, built: Built, caller: Caller, started: Callable[[QueuedJob], None] = lambda job: None
    ) -> GraphResults:
        """Queue a graph behind what its caller asked for before, and wait for its pictures."""
        job, shown = QueuedJob(self.server, built.graph), [ticket for ticket in built.shown if ticket]
        with awaited(shown) as handed_over:
            await caller.turn.wait()
            await job.put()
            caller.turn.pass_on()
            started(job)
            self.jobs.add(job)
            try:
                outputs = await job.result(caller.wanted, self.settings.timeout_seconds)
            finally:
                self.jobs.remove(job)
        seconds = job.seconds()
        self.lanes.took(seconds)
        marks = handed_over.get(built.shown.removed or "", [])
        removed = frozenset(place for place, mark in enumerate(marks) if mark.convert("L").getpixel((0, 0)) == 255)
        return GraphResults(handed_over[built.shown.pictures], removed, outputs.get(built.report, {}), seconds * 1000)


def random_seed() -> int:
    """From 1 to 2^32 - 1."""
    return 1 + secrets.randbelow(MAX_SEED)


def seed_or_random(seed: int) -> int:
    """The seed of a request in which -1 asks for a random one."""
    return random_seed() if seed < 0 else seed
