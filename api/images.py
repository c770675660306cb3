"""Pictures in and out: base64 or a link to pixels within limits, and encoded answers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from .download import download
from .errors import invalid
from .settings import Settings

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
MIME = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Reader:
    """Turns what a request holds into pictures. At most two are decoded at once, whoever asks."""

    settings: Settings
    slots: asyncio.Semaphore

    @staticmethod
    def of(settings: Settings) -> Reader:
        return Reader(settings, asyncio.Semaphore(2))

    async def read(self, field: str, value: str) -> Image.Image:
        """The picture in `value`, base64 with or without a data URL's head. Refused if it is none."""
        async with self.slots:
            return await asyncio.to_thread(self._decoded, field, value)

    async def fetch(self, field: str, url: str) -> Image.Image:
        """The picture behind a link, fetched from public addresses only. Refused if it cannot be had."""
        content = await download(field, url, self._max_bytes, self.settings)
        async with self.slots:
            return await asyncio.to_thread(picture_of, field, content, self.settings.max_pixels)

    async def read_or_fetch(self, field: str, value: str) -> Image.Image:
        """Either, for services that take both in one field."""
        is_link = value[:8].lower().startswith(("http://", "https://"))
        return await (self.fetch(field, value) if is_link else self.read(field, value))

    @property
    def _max_bytes(self) -> int:
        return int(self.settings.max_image_mb * MEGABYTE)

    def _decoded(self, field: str, value: str) -> Image.Image:
        return picture_of(field, bytes_of(field, value, self._max_bytes), self.settings.max_pixels)


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
    """The first frame as RGB, upright. Refused if it is no image, too large for `max_pixels`, or cut off."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is next
            picture = Image.open(BytesIO(content), formats=FORMATS)
    except Exception:  # whatever Pillow's readers raise on hostile bytes
        raise invalid(field, f"{field} is not an image of a known kind. Send {', '.join(FORMATS)}.") from None
    width, height = picture.size
    if width * height > max_pixels:
        raise invalid(
            field, f"{field} is {width}x{height}; this server takes {max_pixels} pixels at most. Send a smaller one."
        )
    try:
        upright = ImageOps.exif_transpose(picture)
        return upright.convert("RGB")
    except Exception:
        raise invalid(field, f"{field} is damaged or cut off. Send the whole file.") from None


async def encoded(picture: Image.Image, encoding: str, quality: int = 95) -> bytes:
    """The file's bytes, without the metadata ComfyUI writes."""
    return await asyncio.to_thread(_encoded, picture, encoding, quality)


async def as_base64(picture: Image.Image, encoding: str, quality: int = 95) -> str:
    return base64.b64encode(await encoded(picture, encoding, quality)).decode("ascii")


def _encoded(picture: Image.Image, encoding: str, quality: int) -> bytes:
    buffer = BytesIO()
    options: dict[str, Any] = {"compress_level": 1} if encoding == "png" else {"quality": quality}
    picture.save(buffer, encoding.upper(), **options)
    return buffer.getvalue()
