"""Small pictures for the page of a run."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps

SIDE, QUALITY = 512, 75
"""Pixels, and JPEG quality."""


def jpeg(data: bytes) -> bytes:
    """The picture within SIDE x SIDE px, on white where it is transparent; nothing if it cannot be read."""
    buffer = BytesIO()
    try:
        with Image.open(BytesIO(data)) as picture:
            picture.draft("RGB", (SIDE, SIDE))
            small = ImageOps.exif_transpose(picture).convert("RGBA")
            small.thumbnail((SIDE, SIDE))
            white = Image.new("RGBA", small.size, "white")
            Image.alpha_composite(white, small).convert("RGB").save(buffer, "JPEG", quality=QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
    return buffer.getvalue()
