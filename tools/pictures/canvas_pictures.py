"""The README's picture of the canvas, cut from screenshots of the browser tests; run by `make screenshots`."""

from __future__ import annotations

import sys

from PIL import Image
from rig.browser import SCREENSHOTS
from rig.comfyui import ROOT

PICTURE = ROOT / "web" / "docs" / "images" / "canvas.jpg"
SCALE = 2  # screen pixels for each pixel of the page, as SCREENSHOT_SCALE in the Makefile
HEIGHT, GAP, BACKGROUND = 780, 24, (27, 27, 27)
PARTS = {
    "masks classic": (412, 84, 768, 764),
    "result vue": (418, 526, 660, 780),
    "styles classic": (412, 84, 826, 534),
}
"""Of each screenshot the part with the node: left, top, right, bottom in pixels of the page."""


def main() -> None:
    missing = [name for name in PARTS if not (SCREENSHOTS / f"{name}.png").is_file()]
    if missing:
        sys.exit(f"There is no screenshot {', '.join(missing)}: the browser tests take them, and need Chromium.")
    parts = [cut(name) for name in PARTS]
    canvas = Image.new("RGB", (sum(part.width + GAP for part in parts) - GAP, HEIGHT), BACKGROUND)
    left = 0
    for part in parts:
        canvas.paste(part, (left, (HEIGHT - part.height) // 2))
        left += part.width + GAP
    canvas.save(PICTURE, quality=85, optimize=True)


def cut(name: str) -> Image.Image:
    """The part of a screenshot, no higher than the picture and no wider than its share."""
    left, top, right, bottom = (SCALE * side for side in PARTS[name])
    part = Image.open(SCREENSHOTS / f"{name}.png").convert("RGB").crop((left, top, right, bottom))
    part.thumbnail((480, HEIGHT), Image.Resampling.LANCZOS)
    return part


if __name__ == "__main__":
    main()
