"""The README's first pictures, from what `make demo` has left; results in web/docs/images/."""

from __future__ import annotations

import sys

from PIL import Image
from rig.comfyui import ROOT

IMAGES = ROOT / "web" / "docs" / "images"
PICTURES = ("repair", "stages")


def main() -> None:
    for name in PICTURES:
        made = ROOT / "demo" / f"{name}.png"
        if not made.is_file():
            sys.exit(f"There is no {made.relative_to(ROOT)}: run make demo first, without PHOTO.")
        Image.open(made).convert("RGB").save(IMAGES / f"{name}.jpg", quality=88, optimize=True)


if __name__ == "__main__":
    main()
