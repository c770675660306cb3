"""Whether a file is a whole picture.

ComfyUI fills a truncated picture up with grey and details that; nobody wants this among ten thousand results.
"""

from __future__ import annotations

import struct
import warnings
from io import BytesIO

from PIL import Image, UnidentifiedImageError

PREVIEWED = ("MPO",)
"""Photos of phones and cameras, whose further pictures are smaller ones of the first; ComfyUI takes the first, too."""
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")


def problem(data: bytes) -> str | None:
    """Why this is no picture to work on, as the end of a sentence; None if it is one."""
    if not data:
        return "is empty"
    try:
        with opened(data) as picture:
            picture.verify()  # of PNG, the checksums
        with opened(data) as picture:
            picture.load()
            frames = 1 if picture.format in PREVIEWED else getattr(picture, "n_frames", 1)
    except UnidentifiedImageError:
        return f"is no picture of a known format ({', '.join(FORMATS)}), or truncated near its beginning"
    except Image.DecompressionBombError as error:
        return f"has too many pixels: {error}"
    except (OSError, SyntaxError, ValueError, struct.error, EOFError) as error:
        return f"is truncated or damaged ({error}); get the file again"
    return f"holds {frames} pictures, and a result is one: split it first" if frames > 1 else None


def opened(data: bytes) -> Image.Image:
    """The picture, not yet decoded. Pillow's warnings, of large or odd files, would stand in the middle of the bar."""
    warnings.filterwarnings("ignore", module="PIL")
    return Image.open(BytesIO(data), formats=FORMATS)
