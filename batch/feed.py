"""Sources on their way to the servers: read or downloaded, checked and hashed, a few ahead of the work."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .connection import RequestError, cut, opened
from .sources import Source

MAX_BYTES = 100 * 2**20
"""What ComfyUI's upload takes, unless it is told otherwise."""

MAX_DOWNLOAD_SECONDS = 300.0
READ_SECONDS = 30.0
ATTEMPTS, FIRST_PAUSE_SECONDS = 4, 0.5
PASSING = (None, 429, 502, 503, 504)
"""What may be over in a moment: statuses, and no answer at all."""
CHUNK = 2**14
THREADS, AHEAD = 4, 16

Problem = Callable[[bytes], str | None]
"""Why a file's content is no picture to work on, as the end of a sentence; `pictures.problem` is one."""


@dataclass
class Picture:
    """A source whose bytes are in `path`. `reason` says why it cannot be detailed, as a sentence."""

    source: Source
    path: Path | None = None
    sha256: str = ""
    reason: str | None = None
    tries: int = 0
    """How often servers failed with it."""
    sent: float = 0.0
    """When a server got it last, of the monotonic clock."""

    def read(self) -> bytes:
        """Its bytes. OSError or ValueError when they are not there any more."""
        data = self.path.read_bytes() if self.path else b""
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ValueError("The file was changed while it waited. Run the command again.")
        return data

    def drop(self) -> None:
        """Delete what was downloaded."""
        if self.source.is_url and self.path is not None:
            self.path.unlink(missing_ok=True)


class Feed:
    """`with Feed(sources) as feed:`; downloads are kept in a temporary folder until they are dropped."""

    def __init__(self, sources: Iterable[Source], problem: Problem):
        self._sources, self._problem = iter(sources), problem
        self._folder = tempfile.TemporaryDirectory(prefix="afterdetail-", ignore_cleanup_errors=True)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="feed")
        self._pending: deque[Future[Picture]] = deque()
        self._fill()

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._folder.cleanup()

    @property
    def empty(self) -> bool:
        """Whether no picture is left."""
        return not self._pending

    def take(self, seconds: float | None) -> Picture | None:
        """The next picture that is ready within `seconds`, if any; None waits as long as it takes."""
        ready, _ = wait(self._pending, seconds, FIRST_COMPLETED)
        for future in self._pending:
            if future in ready:
                self._pending.remove(future)
                self._fill()
                return future.result()
        return None

    def in_order(self) -> Iterator[Picture]:
        """All that are left, in the order of their sources, however long each takes."""
        while self._pending:
            future = self._pending.popleft()
            self._fill()
            yield future.result()

    def _fill(self) -> None:
        while len(self._pending) < AHEAD and (source := next(self._sources, None)):
            self._pending.append(self._pool.submit(_prepare, source, Path(self._folder.name), self._problem))


def _prepare(source: Source, folder: Path, problem: Problem) -> Picture:
    """Read or download a source and look at it; a picture with a `reason` when that fails."""
    picture = Picture(source)
    try:
        picture.path = _download(source.place, folder) if source.is_url else Path(source.place)
        if picture.path.stat().st_size > MAX_BYTES:
            raise ValueError(f"It has more than {MAX_BYTES // 2**20} MB. Make it smaller.")
        data = picture.path.read_bytes()
        picture.sha256 = hashlib.sha256(data).hexdigest()
        if reason := problem(data):
            raise ValueError(f"The file {reason}.")
    except ValueError as error:
        picture.reason = str(error)
    except OSError as error:  # a failed request is one, too
        picture.reason = f"It could not be read: {cut(error)}."
    if picture.reason is not None:
        picture.drop()
    return picture


def _download(url: str, folder: Path) -> Path:
    """The file behind a URL, as a new file in `folder`. OSError or ValueError says why there is none."""
    deadline = time.monotonic() + MAX_DOWNLOAD_SECONDS
    for attempt in range(ATTEMPTS):
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            try:
                _fetch(url, file, deadline)
                return Path(file.name)
            except (OSError, ValueError) as error:
                Path(file.name).unlink()
                if not (isinstance(error, RequestError) and error.status in PASSING) or attempt == ATTEMPTS - 1:
                    raise
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _fetch(url: str, file: IO[bytes], deadline: float) -> None:
    """Write what is behind a URL, until `deadline` of the monotonic clock."""
    with opened("GET", url, seconds=READ_SECONDS) as answer:
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            if file.tell() > MAX_BYTES:
                raise ValueError(f"It has more than {MAX_BYTES // 2**20} MB. Make it smaller.")
            if time.monotonic() > deadline:
                raise ValueError(f"The download took more than {MAX_DOWNLOAD_SECONDS:.0f} s. Fetch it first.")
        if answer.length:
            raise RequestError(f"the connection was cut {answer.length} bytes before the end")
