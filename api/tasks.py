"""Asynchronous tasks: on disk from the first moment, so that a restart loses no result and hides no failure."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import TypeAdapter

from ..files import atomic
from .errors import refused

if TYPE_CHECKING:
    from .queueing import QueuedJob

Status = Literal["QUEUED", "SUCCEED", "FAILED"]
ImageType = Literal["jpeg", "png", "webp"]
RESTARTED = "The server was restarted before the task ended. Send the request again."
LINK_SECONDS = 3600
SECRET_FILE, SECRET_BYTES = "links.secret", 32
LOG = logging.getLogger("afterdetail")


@dataclass(frozen=True)
class Task:
    """What is known of a task on disk. `client` is the digest of the key that may read it."""

    client: str
    seed: int
    image_type: ImageType
    status: Status = "QUEUED"
    reason: str = ""
    images: int = 0
    created: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


TASK = TypeAdapter(Task)


class Link(NamedTuple):
    """The query of a link to an image, and for how many seconds it is good."""

    query: str
    seconds: int


class TaskStore:
    """One folder per task under `folder`, of no use and deleted `hours` after it last changed."""

    def __init__(self, folder: Path, hours: float):
        self.folder, self._seconds = folder, hours * 3600
        self.jobs: dict[str, QueuedJob | None] = {}
        """Tasks of this process that have not ended, and their job once it is queued."""
        self._unwritten: dict[str, Task] = {}
        """Tasks that have failed where that could not be written either."""

    async def create(self, task: Task) -> None:
        """OSError, and nothing is left, if there is no room for it."""
        self.jobs[task.id] = None
        try:
            await asyncio.to_thread(self._create, task)
        except BaseException:
            self.jobs.pop(task.id, None)
            raise

    async def succeed(self, task: Task, files: Sequence[bytes]) -> None:
        """OSError, and no file is left, if there is no room for all of them. The task has not ended then."""
        await asyncio.to_thread(self._succeed, task, files)
        self.jobs.pop(task.id, None)

    async def fail(self, task: Task, reason: str) -> None:
        """End a task with its reason."""
        failed = replace(task, status="FAILED", reason=reason)
        try:
            await asyncio.to_thread(self._write, failed)
        except OSError as error:
            LOG.error("That task %s failed could not be written: %s", task.id, error)
            self._unwritten[task.id] = failed
        finally:
            self.jobs.pop(task.id, None)

    async def find(self, task_id: str, client: str) -> Task:
        """A client's task. Refused with 404 if there is none, or it is another client's, or too old."""
        in_work = tuple(self.jobs)  # as it was before the file is read: the task may end meanwhile
        task = await asyncio.to_thread(self._read, task_id)
        if task is None or not hmac.compare_digest(task.client, client):
            raise refused(404, f"There is no task {task_id[:40]!r}. Its results may have been deleted by age.")
        if task.status == "QUEUED" and task.id not in in_work:
            return self._unwritten.get(task.id) or replace(task, status="FAILED", reason=RESTARTED)
        return task

    def link(self, task: Task, place: int) -> Link:
        """A link to one image, good for LINK_SECONDS or as long as its file is kept, for whoever has it.

        Clients load it without a key.
        """
        seconds = max(min(LINK_SECONDS, int(self._seconds_left(self.folder / task.id))), 0)
        expires = int(time.time()) + seconds
        signature = self._signature(task.id, place, expires)
        return Link(f"task_id={task.id}&index={place}&expires={expires}&signature={signature}", seconds)

    async def image(self, task_id: str, place: str, expires: str, signature: str) -> Path:
        """The file a link leads to. Refused with 404 for any link not made here, or too old."""
        try:
            task_id, wanted, end = str(uuid.UUID(task_id)), int(place), int(expires)
        except ValueError:
            wanted, end = -1, 0
        right = self._signature(task_id, wanted, end)
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")) or end < time.time():
            raise refused(404, "This link is not valid, or no longer. Ask for the task's result again.")
        found = await asyncio.to_thread(self._image, self.folder / task_id, wanted)
        if found is None:
            raise refused(404, "The results of this task have been deleted by age.")
        return found

    def tidy(self) -> None:
        """At the start: delete what is too old, and what a killed server has left half-written."""
        self.forget_old()
        for folder in self._folders():
            atomic.clear(folder)

    def forget_old(self) -> None:
        """Delete tasks past their age; what is in work stays."""
        for folder in self._folders():
            if folder.name not in tuple(self.jobs) and not self._is_kept(folder):
                shutil.rmtree(folder, ignore_errors=True)
                self._unwritten.pop(folder.name, None)

    def _folders(self) -> list[Path]:
        return [entry for entry in self.folder.iterdir() if entry.is_dir()] if self.folder.is_dir() else []

    def _image(self, folder: Path, place: int) -> Path | None:
        return next(folder.glob(f"image_{place}.*"), None) if self._is_kept(folder) else None

    def _is_kept(self, folder: Path) -> bool:
        return self._seconds_left(folder) > 0

    def _seconds_left(self, folder: Path) -> float:
        try:
            return folder.stat().st_mtime + self._seconds - time.time()
        except FileNotFoundError:
            return 0

    def _create(self, task: Task) -> None:
        self.forget_old()
        folder = self.folder / task.id
        folder.mkdir(parents=True)
        try:
            self._write(task)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _read(self, task_id: str) -> Task | None:
        """None if there is none that this version can read, or it is too old."""
        try:
            folder = self.folder / str(uuid.UUID(task_id))
            task = replace(TASK.validate_json((folder / "task.json").read_bytes()), id=folder.name)
        except (ValueError, OSError):
            return None
        return task if task.id in tuple(self.jobs) or self._is_kept(folder) else None

    def _succeed(self, task: Task, files: Sequence[bytes]) -> None:
        paths = [self.folder / task.id / f"image_{place}.{task.image_type}" for place in range(len(files))]
        try:
            for path, content in zip(paths, files, strict=True):
                atomic.write(path, content)
            self._write(replace(task, status="SUCCEED", images=len(files)))
        except OSError:
            for path in paths:
                path.unlink(missing_ok=True)
            raise

    def _signature(self, task_id: str, place: int, expires: int) -> str:
        return hmac.new(self._secret, f"{task_id}:{place}:{expires}".encode(), hashlib.sha256).hexdigest()

    @cached_property
    def _secret(self) -> bytes:
        """What links are signed with: kept beside the tasks, so that they outlive a restart as the files do."""
        path = self.folder / SECRET_FILE
        secret = path.read_bytes() if path.is_file() else b""
        if len(secret) != SECRET_BYTES:
            secret = secrets.token_bytes(SECRET_BYTES)
            atomic.write(path, secret)
            path.chmod(0o600)
        return secret

    def _write(self, task: Task) -> None:
        atomic.write(self.folder / task.id / "task.json", json.dumps(asdict(task)).encode())
