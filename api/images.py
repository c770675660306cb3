"""Pictures in and out: base64 or a link to pixels within limits, and encoded answers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image, ImageOps

from .download import download
from .errors import Refused, invalid
from .service_settings import Settings

MIME = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


class Whole(NamedTuple):
    """How a kind of file starts, as a pattern, and whether its end is there."""

    start: bytes
    ends: Callable[[bytes], bool]


WHOLE = {
    "PNG": Whole(rb"\x89PNG", lambda file: b"IEND" in file[-16:]),
    "JPEG": Whole(rb"\xff\xd8", lambda file: b"\xff\xd9" in file[-64:]),
    "WEBP": Whole(rb"RIFF....WEBP", lambda file: len(file) >= int.from_bytes(file[4:8], "little") + 8),
    "BMP": Whole(rb"BM", lambda file: len(file) >= int.from_bytes(file[2:6], "little")),
    "GIF": Whole(rb"GIF8", lambda file: b";" in file[-16:]),
}
FORMATS = tuple(WHOLE)


@dataclass(frozen=True)
class Reader:
    """Turns what a request holds into pictures. At most two are decoded at once, whoever asks."""

    settings: Settings
    slots: asyncio.Semaphore

    @staticmethod
    def of(settings: Settings) -> Reader:
        """The reader that all requests share."""
        return Reader(settings, asyncio.Semaphore(2))

    async def read(self, field: str, value: str) -> Image.Image:
        """The picture in `value`, base64 with or without a data URL's head. Refused if it is none."""
        async with self.slots:
            return await asyncio.to_thread(self._decoded, field, value)

    async def fetch(self, field: str, url: str) -> Image.Image:
        """The picture behind a link, fetched from public addresses only. Refused if it cannot be had."""
        content = await download(field, url, self.settings.max_image_bytes, self.settings)
        async with self.slots:
            return await asyncio.to_thread(picture_of, field, content, self.settings.max_pixels)

    async def read_or_fetch(self, field: str, value: str) -> Image.Image:
        """Either, for services that take both in one field."""
        is_link = value[:8].lower().startswith(("http://", "https://"))
        return await (self.fetch(field, value) if is_link else self.read(field, value))

    def _decoded(self, field: str, value: str) -> Image.Image:
        return picture_of(field, bytes_of(field, value, self.settings.max_image_bytes), self.settings.max_pixels)


def bytes_of(field: str, text: str, max_bytes: int) -> bytes:
    """What base64 text stands for. Refused if it is not base64, or too long to be decoded."""
    if text[:5].lower() == "data:":
        text = text.partition(",")[2]
    text = "".join(text.split())
    if len(text) * 3 // 4 > max_bytes + 2:
        raise invalid(
            field,
            f"{field} holds {len(text) * 3 // 4} bytes; this server takes {max_bytes} at most. Send a smaller one.",
        )
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid(field, f"{field} is not base64. Send the bytes of an image file, encoded as base64.") from None
    if not content:
        raise invalid(field, f"{field} is empty. Send the bytes of an image file, encoded as base64.")
    return content


def picture_of(field: str, content: bytes, max_pixels: int) -> Image.Image:
    """The first frame as RGB, upright. Refused if it is no image, too large for `max_pixels`, damaged or cut off."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is next
            picture = Image.open(BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(field, "far more pixels than that", max_pixels) from None
    except Exception:  # whatever Pillow's readers raise on hostile bytes
        raise _unreadable(field, content) from None
    width, height = picture.size
    if width * height > max_pixels:
        raise _too_large(field, f"{width}x{height}", max_pixels)
    try:
        upright = ImageOps.exif_transpose(picture)
        return upright.convert("RGB")
    except Exception:
        raise _unreadable(field, content) from None


def _too_large(field: str, size: str, max_pixels: int) -> Refused:
    return invalid(field, f"{field} is {size}; this server takes {max_pixels} pixels at most. Send a smaller one.")


def _unreadable(field: str, content: bytes) -> Refused:
    """Why bytes that no reader takes are none of a whole image."""
    kind = next((kind for kind, (start, _) in WHOLE.items() if re.match(start, content, re.DOTALL)), None)
    if kind is None:
        return invalid(field, f"{field} is not an image of a known kind. Send {', '.join(FORMATS)}.")
    if not WHOLE[kind].ends(content):
        return invalid(field, f"{field} is a {kind} file that is cut off: {len(content)} bytes came. Send all of it.")
    return invalid(field, f"{field} is a {kind} file that is damaged. Save the image anew and send it again.")


async def encoded(picture: Image.Image, encoding: str, quality: int = 95) -> bytes:
    """The file's bytes, without the metadata ComfyUI writes."""
    return await asyncio.to_thread(_encoded, picture, encoding, quality)


def as_base64(content: bytes) -> str:
    """Without a data: prefix."""
    return base64.b64encode(content).decode("ascii")


def _encoded(picture: Image.Image, encoding: str, quality: int) -> bytes:
    buffer = BytesIO()
    options: dict[str, Any] = {"compress_level": 1} if encoding == "png" else {"quality": quality}
    picture.save(buffer, encoding.upper(), **options)
    return buffer.getvalue()
