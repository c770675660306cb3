"""What is done, kept in the output folder, so that a run that was ended in any way goes on where it was.

`batch.jsonl` has a line before and after each result, and one for each failure; the last line of a name counts. The
line before tells the digests of what is going to be written, so that this run and later ones know their own files from
others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ..files import atomic
from .lock import Lock
from .sources import folded

JOURNAL, LOCK = "batch.jsonl", "batch.lock"
REMEDY = "Name another --output folder, or add a --suffix such as _detailed."


class JournalEntry(NamedTuple):
    """`key` tells content and settings; `file` is the result inside the output folder, None after a failure.

    writes: SHA-256 of each file that is written for it. notes: what was left out of the result, as sentences.
    whole: False in the line before the files are written.
    """

    name: str
    key: str
    file: str | None = None
    failed: str | None = None
    source: str = ""
    writes: Mapping[str, str] = MappingProxyType({})
    notes: Sequence[str] = ()
    whole: bool = True

    @property
    def line(self) -> str:
        """As JSON, without what is as by default."""
        values = {name: value for name, value in self._asdict().items() if value != self._field_defaults.get(name)}
        return json.dumps(values)


@dataclass
class Written:
    """A file of batches: what it was made of last, and every content that it was given."""

    source: str = ""
    contents: set[str] = field(default_factory=set)
    """SHA-256 of the sources."""
    digests: set[str] = field(default_factory=set)
    """Empty for a file of version 0.1, which kept none."""


class ForeignFile(ValueError):
    """A result would be written over a file that no batch has made."""


class Journal:
    """`with Journal(folder) as journal:`; one run at a time in a folder. dry: nothing is written."""

    def __init__(self, folder: Path, dry: bool = False):
        self.folder, self._dry = folder, dry
        self._lock = Lock(folder / LOCK)
        self._entries: dict[str, JournalEntry] = {}
        self._names: dict[str, str] = {}
        """The last name that was done by each key."""
        self._begun: dict[str, JournalEntry] = {}
        """What a run was ended in, by name."""
        self._written: dict[str, Written] = {}
        """By the file's path in the folder, folded."""

    def __enter__(self) -> Journal:
        """Raises ValueError while another run works in this folder."""
        if not self._dry:
            self.folder.mkdir(parents=True, exist_ok=True)
        if not (self._dry or self._lock.acquire()):
            raise ValueError(f"Another batch writes into {self.folder}. Wait for it, or name another folder.")
        try:
            self._read()
        except ValueError:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def has(self, name: str, key: str) -> bool:
        """Whether the result `name` is there and was made of `key`."""
        entry = self._entries.get(name)
        if entry is None or entry.key != key or entry.file is None:
            return False
        return (self.folder / entry.file).is_file()

    def written(self, file: str) -> Written | None:
        """What is known about a file of that name in the folder, if a batch has ever written one."""
        return self._written.get(folded(file))

    def is_ours(self, file: str) -> bool:
        """Whether the file is as a batch has left it. Reads it."""
        known = self.written(file)
        return known is not None and (not known.digests or sha256_of(self.folder / file) in known.digests)

    def require_ours(self, *files: str) -> None:
        """ForeignFile if one of these files is there and is not as a batch has left it."""
        for file in files:
            path = self.folder / file
            if os.path.lexists(path) and not self.is_ours(file):
                raise ForeignFile(f"{path} is there already, and is not as a batch has left it. {REMEDY}")

    def has_copy(self, key: str) -> bool:
        """Whether `key` has a result under any name."""
        return self.has(self._names.get(key, ""), key)

    def copy(self, name: str, key: str, source: str) -> None:
        """Give `name` the result that `key` has under another name."""
        other = self._names[key]
        result, about = self.folder / str(self._entries[other].file), self.about(other)
        self.done(name, key, result.suffix, result.read_bytes(), about | {"source": source})

    def entry(self, name: str) -> JournalEntry | None:
        """What became of it last."""
        return self._entries.get(name)

    def about(self, name: str) -> dict[str, Any]:
        """What is known about a result; nothing, if the file beside it is gone or is none of ours."""
        try:
            about = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return about if isinstance(about, dict) else {}

    def done(self, name: str, key: str, suffix: str, image: bytes, about: dict[str, Any]) -> None:
        """Write a result with `suffix`, what is known about it beside it as JSON, and then that it is done.

        ForeignFile if it would replace what no batch has made.
        """
        sidecar = json.dumps(about | {"name": name, "result": Path(f"{name}{suffix}").name}, indent=1).encode()
        files = {f"{name}{suffix}": image, f"{name}.json": sidecar}
        self.require_ours(*files)
        writes = {file: hashlib.sha256(data).hexdigest() for file, data in files.items()}
        notes = tuple(about.get("notes", ()))
        entry = JournalEntry(name, key, f"{name}{suffix}", None, about["source"], writes, notes, whole=False)
        self._append(entry)
        for file, data in files.items():
            atomic.write(self.folder / file, data)
        self._append(entry._replace(whole=True))

    def failed(self, name: str, key: str, reason: str) -> None:
        """Write down why a name has no result."""
        self._append(JournalEntry(name, key, failed=reason))

    def _append(self, entry: JournalEntry) -> None:
        self._note(entry)
        if self._dry:
            return
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as file:
            file.write(f"{entry.line}\n")
            file.flush()
            os.fsync(file.fileno())

    def _note(self, entry: JournalEntry) -> None:
        if entry.whole:
            self._begun.pop(entry.name, None)
            self._entries[entry.name] = entry
            if entry.file:
                self._names[entry.key] = entry.name
        else:
            self._begun[entry.name] = entry
        writes = entry.writes or ({entry.file: "", f"{entry.name}.json": ""} if entry.file else {})
        for file, digest in writes.items():
            written = self._written.setdefault(folded(file), Written())
            written.source = entry.source
            written.contents.add(entry.key.split()[0])
            written.digests |= {digest} - {""}

    def _read(self) -> None:
        path = self.folder / JOURNAL
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        lines = text.split("\n")
        for number, line in enumerate(lines[:-1], 1):
            try:
                self._note(JournalEntry(**json.loads(line)))
            except (ValueError, TypeError, AttributeError) as error:
                raise ValueError(
                    f"Line {number} of {path} cannot be read ({error}). Delete the line; its picture is done again."
                ) from error
        if lines[-1] and not self._dry:  # the last run was ended while it wrote this line
            atomic.write(path, "".join(f"{line}\n" for line in lines[:-1]).encode())
        for name, entry in list(self._begun.items()):
            if not self._dry:
                atomic.clear((self.folder / name).parent)
            if self._is_on_disk(entry):
                self._append(entry._replace(whole=True))
            elif not self._is_on_disk(self._entries.get(name)):
                self._entries.pop(name, None)  # some files are of one result and some of the other

    def _is_on_disk(self, entry: JournalEntry | None) -> bool:
        writes = entry.writes if entry else {}
        return bool(writes) and all(sha256_of(self.folder / file) == digest for file, digest in writes.items())


def sha256_of(path: Path) -> str:
    """Of a file's content; "" if there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
