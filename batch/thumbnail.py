"""Small pictures for the page of a run."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps


def jpeg(path: Path, side: int, quality: int) -> bytes:
    """The picture within `side` x `side` px, on white where it is transparent; nothing if it cannot be read."""
    buffer = BytesIO()
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (side, side))
            small = ImageOps.exif_transpose(picture).convert("RGBA")
            small.thumbnail((side, side))
            white = Image.new("RGBA", small.size, "white")
            Image.alpha_composite(white, small).convert("RGB").save(buffer, "JPEG", quality=quality)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
    return buffer.getvalue()
