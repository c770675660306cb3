"""Reads the zip archive that torch.save writes: stored members only, every size checked before a member is read."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .checkpoint_errors import CheckpointError

MAX_MEMBERS = 20_000
"""A YOLOv8x training checkpoint with its optimizer has about 3,000."""

MAX_DIRECTORY = 8 * 2**20
"""Bytes of the list of members, which zipfile reads whole before anything in it can be checked."""


class Archive:
    """The members of the zip file `path`, open as `stream`, by name. CheckpointError says what is wrong with it.

    Reading is bounded by the file: the members' sizes may not add up to more than it holds, so a small file cannot
    unfold into a large one.
    """

    def __init__(self, path: Path, stream: BinaryIO):
        self.path, self.size = path, path.stat().st_size
        self._stream = stream  # open as long as this is
        with self._refusals():
            source = Limited(io.FileIO(stream.fileno(), closefd=False))
            self._zip = zipfile.ZipFile(source)
            source.most = self.size
        members = self._zip.infolist()
        self.members = {member.filename: member.file_size for member in members}
        if len(members) > MAX_MEMBERS:
            raise CheckpointError(path, f"lists {len(members)} parts; a YOLO checkpoint has at most {MAX_MEMBERS}")
        if len(members) > len(self.members):
            raise CheckpointError(path, "holds one of its parts twice")
        if any(m.compress_type or m.file_size != m.compress_size or m.flag_bits & 1 for m in members):
            raise CheckpointError(path, "is compressed or encrypted; torch.save never does that")
        if sum(self.members.values()) > self.size:
            raise CheckpointError(path, "declares more data than the file holds")

    def read(self, name: str) -> bytes:
        """The bytes of a member. CheckpointError if it is absent, cut or changed."""
        if name not in self.members:
            raise CheckpointError(self.path, f"lacks its part {name[:60]!r}; the file is incomplete")
        with self._refusals():
            return self._zip.read(name)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """zipfile raises these, besides its own error, for sizes and offsets that make no sense."""
        try:
            yield
        except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError, struct.error) as error:
            reason = "damaged: a checksum is wrong" if "CRC" in str(error) else "cut off or damaged"
            raise CheckpointError(self.path, f"is {reason}; download it again") from None


class Limited(io.BufferedReader):
    """A file of which at most `most` bytes are read at a time."""

    most = MAX_DIRECTORY

    def read(self, size: int | None = -1, /) -> bytes:
        """BadZipFile for more bytes than `most`."""
        if size is not None and size > self.most:
            raise zipfile.BadZipFile("a list of parts larger than any checkpoint has")
        return super().read(size)
