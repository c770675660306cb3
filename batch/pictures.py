"""Whether a file is a whole picture, told from its bytes alone.

ComfyUI fills a truncated picture up with grey and details that; nobody wants this among ten thousand results.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n"
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
    """Whether the directory, which most programs write last, is inside the file."""
    order = "<" if data.startswith(b"II") else ">"
    return len(data) > 8 and struct.unpack(f"{order}I", data[4:8])[0] + 2 <= len(data)


FORMATS: dict[str, tuple[Callable[[bytes], bool], Callable[[bytes], bool]]] = {
    "PNG": (lambda data: data.startswith(PNG), png_is_whole),
    "JPEG": (lambda data: data.startswith(b"\xff\xd8\xff"), jpeg_is_whole),
    "WebP": (lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP", webp_is_whole),
    "BMP": (lambda data: data.startswith(b"BM"), bmp_is_whole),
    "TIFF": (lambda data: data.startswith((b"II*\0", b"MM\0*")), tiff_is_whole),
}
"""What begins like it, and what is whole."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
