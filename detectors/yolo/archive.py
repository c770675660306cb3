"""Reads the zip archive that torch.save writes: stored members only, every number checked against the file's size."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import CheckpointError

MAX_MEMBERS = 20_000
"""A YOLOv8x training checkpoint with its optimizer has about 3,000."""

MAX_DIRECTORY = 8 * 2**20
"""Bytes of the list of members."""

END = struct.Struct("<4s4H2LH")
END64_LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True)
class Member:
    """One stored file: where its local header starts, its bytes and their checksum."""

    header: int
    size: int
    crc: int


class Archive:
    """The members of a zip file by name. Format: PKWARE APPNOTE 6.3, sections 4.3.7 to 4.3.16 and 4.5.3.

    Reading is bounded by the file: the members' sizes may not add up to more than it holds, so a small file cannot
    unfold into a large one.
    """

    def __init__(self, path: Path, stream: BinaryIO):
        self.path, self._stream = path, stream
        self.size = stream.seek(0, 2)
        count, start, length = self._directory()
        if count > MAX_MEMBERS or length > MAX_DIRECTORY:
            raise CheckpointError(path, f"lists {count} parts; a YOLO checkpoint has at most {MAX_MEMBERS}")
        self.members = self._members(self._bytes(start, length), count)
        if sum(member.size for member in self.members.values()) > self.size:
            raise CheckpointError(path, "declares more data than the file holds")

    def read(self, name: str) -> bytes:
        """The bytes of a member. CheckpointError if it is absent, cut or changed."""
        member = self.members.get(name)
        if member is None:
            raise CheckpointError(self.path, f"lacks its part {name[:60]!r}; the file is incomplete")
        header = LOCAL.unpack(self._bytes(member.header, LOCAL.size))
        if header[0] != b"PK\3\4":
            raise CheckpointError(self.path, f"is damaged at its part {name[:60]!r}")
        data = self._bytes(member.header + LOCAL.size + header[9] + header[10], member.size)
        if zlib.crc32(data) != member.crc:
            raise CheckpointError(self.path, f"is damaged: the checksum of its part {name[:60]!r} is wrong")
        return data

    def _bytes(self, start: int, length: int) -> bytes:
        if start < 0 or length < 0 or start + length > self.size:
            raise CheckpointError(self.path, "is cut off; download it again")
        self._stream.seek(start)
        return self._stream.read(length)

    def _directory(self) -> tuple[int, int, int]:
        """Number of members, start and length of the central directory."""
        tail_start = max(self.size - END.size - 0xFFFF, 0)
        tail = self._bytes(tail_start, self.size - tail_start)
        at = tail.rfind(b"PK\5\6")
        if at < 0 or at + END.size > len(tail):
            raise CheckpointError(self.path, "is cut off; download it again")
        _, _, _, _, count, length, start, _ = END.unpack_from(tail, at)
        locator = at - END64_LOCATOR.size
        if locator >= 0 and tail.startswith(b"PK\6\7", locator):
            position = END64_LOCATOR.unpack_from(tail, locator)[2]
            end = END64.unpack(self._bytes(position, END64.size))
            if end[0] != b"PK\6\6":
                raise CheckpointError(self.path, "is damaged at the end of its archive")
            count, length, start = end[7:]
        return count, start, length

    def _members(self, directory: bytes, count: int) -> dict[str, Member]:
        members: dict[str, Member] = {}
        at = 0
        for _ in range(count):
            if at + CENTRAL.size > len(directory) or not directory.startswith(b"PK\1\2", at):
                raise CheckpointError(self.path, "is damaged in the list of its parts")
            fields = CENTRAL.unpack_from(directory, at)
            flags, method, crc, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
            name_length, extra_length, comment_length, header = fields[10], fields[11], fields[12], fields[16]
            at += CENTRAL.size
            name = directory[at : at + name_length].decode("utf-8", "replace")
            extra = directory[at + name_length : at + name_length + extra_length]
            at += name_length + extra_length + comment_length
            size, packed, header = self._wide(extra, size, packed, header)
            if method != 0 or size != packed or flags & 1:
                raise CheckpointError(self.path, "is compressed or encrypted; torch.save never does that")
            if name in members:
                raise CheckpointError(self.path, f"holds its part {name[:60]!r} twice")
            members[name] = Member(header, size, crc)
        return members

    def _wide(self, extra: bytes, *narrow: int) -> list[int]:
        """The zip64 values of size, packed size and header offset where the narrow field is all ones."""
        at, wide = 0, b""
        while at + 4 <= len(extra):
            kind, length = struct.unpack_from("<2H", extra, at)
            if kind == 1:
                wide = extra[at + 4 : at + 4 + length]
            at += 4 + length
        values = list(struct.unpack(f"<{len(wide) // 8}Q", wide[: len(wide) // 8 * 8]))
        try:
            return [values.pop(0) if value == 0xFFFFFFFF else value for value in narrow]
        except IndexError:
            raise CheckpointError(self.path, "is damaged in the list of its parts") from None
