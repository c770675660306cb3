"""What every route works with: the settings, the readers, the lanes, and the way through the queue."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from . import assets, images
from .access import Lanes, Turn
from .graphs import Built, Checking
from .queueing import Job
from .settings import Settings
from .switch import folder
from .tasks import TaskStore
from .validation import MAX_SEED
from .workspace import taken

LOG = logging.getLogger("afterdetail")


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
class Results:
    """The pictures of a graph, the places of those the safety check removed, and what its nodes reported."""

    pictures: list[Image.Image]
    removed: frozenset[int]
    report: Mapping[str, Any]
    milliseconds: float


@dataclass(frozen=True)
class Service:
    server: Any
    settings: Settings
    reader: images.Reader
    lanes: Lanes
    tasks: TaskStore
    background: set[asyncio.Task[None]] = field(default_factory=set)
    """What works on tasks whose request is answered."""
    jobs: set[Job] = field(default_factory=set)
    """Those on their way through the queue."""

    @staticmethod
    def of(server: Any, settings: Settings) -> Service:
        tasks = TaskStore(folder() / "tasks", settings.task_hours)
        return Service(server, settings, images.Reader.of(settings), Lanes(settings.max_jobs_per_key), tasks)

    def checking(self) -> Checking | None:
        """The files of the safety check, if the operator has chosen one."""
        safety = self.settings.safety
        if safety is None:
            return None
        clip_vision = assets.find("safety.clip_vision", "clip_vision", safety.clip_vision)
        concepts = assets.find("safety.concepts", "safety_concepts", safety.concepts)
        return Checking(clip_vision, concepts, safety.threshold)

    async def run(self, built: Built, caller: Caller, started: Callable[[Job], None] = lambda job: None) -> Results:
        """Queue a graph behind what its caller asked for before, and wait for its pictures."""
        job = Job(self.server, built.graph)
        await caller.turn.wait()
        await job.put()
        caller.turn.pass_on()
        started(job)
        start = time.monotonic()
        self.jobs.add(job)
        try:
            outputs = await job.result(caller.wanted, self.settings.timeout_seconds)
        finally:
            self.jobs.remove(job)
        seconds = time.monotonic() - start
        self.lanes.took(seconds)
        pictures = await taken(outputs[built.shown.pictures])
        marks = await taken(outputs[built.shown.removed]) if built.shown.removed else []
        removed = frozenset(place for place, mark in enumerate(marks) if mark.convert("L").getpixel((0, 0)) == 255)
        return Results(pictures, removed, outputs.get(built.report, {}), seconds * 1000)


def random_seed() -> int:
    return 1 + secrets.randbelow(MAX_SEED)


def log_failure(what: str, error: BaseException) -> None:
    """Where something failed that should not; never the error's own words, which may quote a request."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    LOG.error("%s failed: %s at %s", what, type(error).__name__, places)
