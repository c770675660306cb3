"""The README's pictures of the canvas and of the app, from screenshots of the browser tests; by `make screenshots`."""

from __future__ import annotations

import sys

from PIL import Image
from rig.browser import SCREENSHOTS
from rig.comfyui import ROOT

IMAGES = ROOT / "web" / "docs" / "images"
HEIGHT, GAP, BACKGROUND = 780, 24, (27, 27, 27)
NODES = {"masks classic node": 1.0, "result vue node": 1.0, "styles classic node": 0.66}
"""How much of each node, from above: below the styles is a picture of another test, which ComfyUI goes on showing."""
APP, APP_WIDTH = "app result wide", 1200


def main() -> None:
    missing = [name for name in (*NODES, APP) if not (SCREENSHOTS / f"{name}.png").is_file()]
    if missing:
        sys.exit(f"There is no screenshot {', '.join(missing)}: the browser tests take them, and need Chromium.")
    parts = [node(name, share) for name, share in NODES.items()]
    canvas = Image.new("RGB", (sum(part.width + GAP for part in parts) - GAP, HEIGHT), BACKGROUND)
    left = 0
    for part in parts:
        canvas.paste(part, (left, (HEIGHT - part.height) // 2))
        left += part.width + GAP
    canvas.save(IMAGES / "canvas.jpg", quality=85, optimize=True)
    app = opened(APP)
    app.thumbnail((APP_WIDTH, app.height), Image.Resampling.LANCZOS)
    app.save(IMAGES / "app.jpg", quality=85, optimize=True)


def node(name: str, share: float) -> Image.Image:
    """A node, no higher than the picture and no wider than its share."""
    picture = opened(name)
    picture = picture.crop((0, 0, picture.width, round(share * picture.height)))
    picture.thumbnail((480, HEIGHT), Image.Resampling.LANCZOS)
    return picture


def opened(name: str) -> Image.Image:
    return Image.open(SCREENSHOTS / f"{name}.png").convert("RGB")


if __name__ == "__main__":
    main()
