"""The pictures of ComfyUI's template packages (MIT licence), the animated ones as a few frames."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

PACKAGES = "comfyui_workflow_templates_media_"
SUFFIXES = (".webp", ".png", ".jpg")
FRAMES = 6
LEAST_CHANGE = 4
"""Grey levels that two frames differ by on average; below it the second has nothing new."""


def site_folder() -> Path:
    """Where packages are installed."""
    return Path(sysconfig.get_paths()["purelib"])


def names() -> list[str]:
    """All pictures, as paths in the folder of installed packages."""
    folders = sorted(folder for folder in site_folder().glob(PACKAGES + "*") if folder.suffix != ".dist-info")
    files = (file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in SUFFIXES)
    return [str(file.relative_to(site_folder())) for file in files]


def frames(name: str) -> Iterator[tuple[int, Image.Image]]:
    """(number, frame) of a picture, RGB; of an animated one up to six that differ, spread over it."""
    picture = Image.open(site_folder() / name)
    last = getattr(picture, "n_frames", 1) - 1
    before = None
    for number in sorted({round(share * last / (FRAMES - 1)) for share in range(FRAMES)}):
        try:
            picture.seek(number)
            frame = picture.convert("RGB")
        except (OSError, EOFError):  # some end early
            return
        small = np.asarray(frame.convert("L").resize((16, 16)), dtype=float)
        if before is None or np.abs(small - before).mean() >= LEAST_CHANGE:
            before = small
            yield number, frame
