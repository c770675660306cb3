"""Whether a file is a whole picture, told from its bytes alone.

ComfyUI fills a truncated picture up with grey and details that; nobody wants this among ten thousand results.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n"
TIFF_DATA = (273, 279, 324, 325)
"""Tags: where strips are and how long, and the same of tiles."""
TIFF_INTEGERS = {3: "H", 4: "I"}
START_OF_SCAN, END_OF_IMAGE = 0xDA, b"\xff\xd9"


def problem(data: bytes) -> str | None:
    """Why this is no picture to work on, as the end of a sentence; None if it is one."""
    if not data:
        return "is empty"
    kind = format_of(data)
    if kind is None:
        return f"is no picture of a known format ({', '.join(FORMATS)})"
    return None if FORMATS[kind][1](data) else "is truncated or damaged; get the file again"


def format_of(data: bytes) -> str | None:
    """The name in FORMATS."""
    return next((kind for kind, (starts, _) in FORMATS.items() if starts(data)), None)


def png_is_whole(data: bytes) -> bool:
    """Whether every chunk, up to the last one, is there with the right checksum."""
    at = len(PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, end = data[at + 4 : at + 8], at + 8 + length
        if zlib.crc32(data[at + 4 : end]).to_bytes(4, "big") != data[end : end + 4]:
            return False
        if kind == b"IEND":
            return True
        at = end + 4
    return False


def jpeg_is_whole(data: bytes) -> bool:
    """Whether the end marker follows the first scan; one in a thumbnail before it does not count."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:  # padding
            at += 1
            continue
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        if data[at + 1] == START_OF_SCAN:
            return data.find(END_OF_IMAGE, at + 2 + length) >= 0
        at += 2 + length
    return False


def webp_is_whole(data: bytes) -> bool:
    return len(data) >= 8 + struct.unpack("<I", data[4:8])[0]


def bmp_is_whole(data: bytes) -> bool:
    return len(data) >= max(54, struct.unpack("<I", data[2:6])[0]) if len(data) > 6 else False


def tiff_is_whole(data: bytes) -> bool:
    """Whether the first image's directory, and every strip or tile it lists, is inside the file."""
    order = "<" if data.startswith(b"II") else ">"
    listed: dict[int, tuple[int, ...]] = {}
    try:
        (directory,) = struct.unpack_from(f"{order}I", data, 4)
        (entries,) = struct.unpack_from(f"{order}H", data, directory)
        for at in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(f"{order}HHII", data, at)
            if tag in TIFF_DATA and kind in TIFF_INTEGERS:
                numbers = f"{order}{count}{TIFF_INTEGERS[kind]}"
                listed[tag] = struct.unpack_from(numbers, data, at + 8 if struct.calcsize(numbers) <= 4 else value)
    except struct.error:
        return False
    strips, sizes = listed.get(273, ()) + listed.get(324, ()), listed.get(279, ()) + listed.get(325, ())
    return all(start + size <= len(data) for start, size in zip(strips, sizes, strict=False))


FORMATS: dict[str, tuple[Callable[[bytes], bool], Callable[[bytes], bool]]] = {
    "PNG": (lambda data: data.startswith(PNG), png_is_whole),
    "JPEG": (lambda data: data.startswith(b"\xff\xd8\xff"), jpeg_is_whole),
    "WebP": (lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP", webp_is_whole),
    "BMP": (lambda data: data.startswith(b"BM"), bmp_is_whole),
    "TIFF": (lambda data: data.startswith((b"II*\0", b"MM\0*")), tiff_is_whole),
}
"""What begins like it, and what is whole."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
