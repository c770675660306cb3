"""Asynchronous tasks: on disk from the first moment, so that a restart loses no result and hides no failure."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..files import atomic
from .errors import refused

if TYPE_CHECKING:
    from .queueing import Job

Status = Literal["QUEUED", "SUCCEED", "FAILED"]
RESTARTED = "The server was restarted before the task ended. Send the request again."
LINK_SECONDS = 3600


@dataclass(frozen=True)
class Task:
    """What is known of a task on disk. `client` is the digest of the key that may read it."""

    client: str
    seed: int
    image_type: str
    status: Status = "QUEUED"
    reason: str = ""
    images: int = 0
    created: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class TaskStore:
    """One folder per task under `folder`, deleted `hours` after it was made."""

    def __init__(self, folder: Path, hours: float):
        self.folder, self._seconds = folder, hours * 3600
        self._secret = secrets.token_bytes(32)
        self.jobs: dict[str, Job | None] = {}
        """Tasks of this process that have not ended, and their job once it is queued."""

    async def create(self, task: Task) -> None:
        self.jobs[task.id] = None
        await asyncio.to_thread(self._create, task)

    async def succeed(self, task: Task, files: Sequence[bytes]) -> None:
        await asyncio.to_thread(self._succeed, task, files)
        self.jobs.pop(task.id, None)

    async def fail(self, task: Task, reason: str) -> None:
        await asyncio.to_thread(self._write, replace(task, status="FAILED", reason=reason))
        self.jobs.pop(task.id, None)

    async def find(self, task_id: str, client: str) -> Task:
        """A client's task. Refused with 404 if there is none, or it is another client's."""
        in_work = tuple(self.jobs)  # as it was before the file is read: the task may end meanwhile
        try:
            path = self.folder / str(uuid.UUID(task_id)) / "task.json"
            task = Task(**json.loads(await asyncio.to_thread(path.read_bytes)))
        except (ValueError, OSError):
            task = None
        if task is None or not hmac.compare_digest(task.client, client):
            raise refused(404, f"There is no task {task_id[:40]!r}. Its results may have been deleted by age.")
        if task.status == "QUEUED" and task.id not in in_work:
            return replace(task, status="FAILED", reason=RESTARTED)
        return task

    def link(self, task: Task, place: int) -> str:
        """The query of a link to one image, good for LINK_SECONDS and for whoever has it: clients load it keyless."""
        expires = int(time.time()) + LINK_SECONDS
        signature = self._signature(task.id, place, expires)
        return f"task_id={task.id}&index={place}&expires={expires}&signature={signature}"

    async def image(self, task_id: str, place: str, expires: str, signature: str) -> Path:
        """The file a link leads to. Refused with 404 for any link not made here, or too old."""
        try:
            task_id, wanted, end = str(uuid.UUID(task_id)), int(place), int(expires)
        except ValueError:
            wanted, end = -1, 0
        right = self._signature(task_id, wanted, end)
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")) or end < time.time():
            raise refused(404, "This link is not valid, or no longer. Ask for the task's result again.")
        found = await asyncio.to_thread(lambda: list((self.folder / task_id).glob(f"image_{wanted}.*")))
        if not found:
            raise refused(404, "The results of this task have been deleted by age.")
        return found[0]

    def forget_old(self) -> None:
        """Delete tasks past their age; what is in work stays."""
        if not self.folder.is_dir():
            return
        for entry in self.folder.iterdir():
            if entry.name not in tuple(self.jobs) and time.time() - entry.stat().st_mtime > self._seconds:
                shutil.rmtree(entry, ignore_errors=True)

    def _create(self, task: Task) -> None:
        self.forget_old()
        (self.folder / task.id).mkdir(parents=True)
        self._write(task)

    def _succeed(self, task: Task, files: Sequence[bytes]) -> None:
        for place, content in enumerate(files):
            atomic.write(self.folder / task.id / f"image_{place}.{task.image_type}", content)
        self._write(replace(task, status="SUCCEED", images=len(files)))

    def _signature(self, task_id: str, place: int, expires: int) -> str:
        return hmac.new(self._secret, f"{task_id}:{place}:{expires}".encode(), hashlib.sha256).hexdigest()

    def _write(self, task: Task) -> None:
        atomic.write(self.folder / task.id / "task.json", json.dumps(asdict(task)).encode())
