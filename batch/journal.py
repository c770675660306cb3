"""What is done, kept in the output folder, so that a run that was ended in any way goes on where it was.

`batch.jsonl` has a line for each result and failure; the last line of a name counts. A result is there as a whole or
not at all: it is written under another name, in `.partial`, and moved.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

JOURNAL, LOCK, PARTIAL = "batch.jsonl", "batch.lock", ".partial"


class Entry(NamedTuple):
    """`key` tells content and settings; `file` is the result inside the output folder, None after a failure."""

    name: str
    key: str
    file: str | None
    failed: str | None = None


class Journal:
    """`with Journal(folder) as journal:`; one run at a time in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._lock = FileLock(folder / LOCK)
        self._entries: dict[str, Entry] = {}
        self._names: dict[str, str] = {}
        """The last name that was done by each key."""

    def __enter__(self) -> Journal:
        """Raises ValueError while another run works in this folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ValueError(f"Another batch writes into {self.folder}. Wait for it, or name another folder.") from None
        shutil.rmtree(self.folder / PARTIAL, ignore_errors=True)
        self._read()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder / PARTIAL, ignore_errors=True)
        self._lock.release()

    def has(self, name: str, key: str) -> bool:
        """Whether the result `name` is there and was made of `key`."""
        entry = self._entries.get(name)
        if entry is None or entry.key != key or entry.file is None:
            return False
        return (self.folder / entry.file).is_file()

    def copied(self, name: str, key: str, source: str) -> bool:
        """Give `name` the result that `key` has under another name; False if there is none."""
        other = self._names.get(key, "")
        if not self.has(other, key):
            return False
        result, sidecar = self.folder / str(self._entries[other].file), self.folder / f"{other}.json"
        about = json.loads(sidecar.read_text(encoding="utf-8")) if sidecar.is_file() else {}
        self.done(name, key, result.suffix, result.read_bytes(), about | {"source": source})
        return True

    def done(self, name: str, key: str, suffix: str, image: bytes, about: dict[str, Any]) -> None:
        """Write a result with `suffix`, what is known about it beside it as JSON, and then that it is done."""
        path = self.folder / f"{name}{suffix}"
        sidecar = about | {"name": name, "result": path.name}
        self._write(self.folder / f"{name}.json", json.dumps(sidecar, indent=1).encode())
        self._write(path, image)
        self._append(Entry(name, key, f"{name}{suffix}"))

    def failed(self, name: str, key: str, reason: str) -> None:
        self._append(Entry(name, key, None, reason))

    def _write(self, path: Path, data: bytes) -> None:
        partial = self.folder / PARTIAL / uuid.uuid4().hex
        partial.parent.mkdir(exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave a name without its content
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(path)

    def _append(self, entry: Entry) -> None:
        self._note(entry)
        line = json.dumps(entry._asdict())
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())

    def _note(self, entry: Entry) -> None:
        self._entries[entry.name] = entry
        if entry.file:
            self._names[entry.key] = entry.name

    def _read(self) -> None:
        path = self.folder / JOURNAL
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        lines = text.split("\n")
        for number, line in enumerate(lines[:-1], 1):
            try:
                self._note(Entry(**json.loads(line)))
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"Line {number} of {path} cannot be read ({error}). Delete the line; its picture is done again."
                ) from error
        if lines[-1]:  # the last run was ended while it wrote this line
            self._write(path, "".join(f"{line}\n" for line in lines[:-1]).encode())
