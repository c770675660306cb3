"""Makes the pictures that the workflows start from, each with something broken in it; results in workflows/pictures/.

The portrait is NASA's of Eileen Collins, which is in the public domain; the hand comes with ComfyUI's own templates.
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageOps
from rig.broken import Breakage, with_broken_face
from rig.comfyui import ROOT
from rig.photos import FACES, photo

PICTURES = ROOT / "workflows" / "pictures"
HAND = (104, 125, 191, 220)
"""Where the hand is in its picture, in pixels: x0, y0, x1, y1."""
CLIP_SECONDS, CLIP_RATE, CLIP_SIDE = 1, 12, 512


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    portrait, face = photo("astronaut"), FACES["astronaut"]
    broken = with_broken_face(portrait, face, seed=1)
    save(broken, "face")
    save(broken.transpose(Image.Transpose.ROTATE_270), "lying")
    save(beside(broken, ImageOps.mirror(with_broken_face(portrait, face, seed=2))), "two-faces")
    hand = photo("monocle")
    save(with_broken_face(hand, HAND, seed=4, breakage=Breakage(across=36, noise=0.02, warp=0.02)), "hand")
    mask = Image.new("RGB", portrait.size)
    ImageDraw.Draw(mask).ellipse(face, fill="white")
    painted = broken.convert("RGBA")
    painted.putalpha(ImageChops.invert(mask.convert("L")))  # as the mask editor saves what was painted
    painted.save(PICTURES / "afterdetail-painted.webp", quality=90, exact=True)
    mask.save(PICTURES / "afterdetail-mask.png", optimize=True)
    write_clip(PICTURES / "afterdetail-clip.mp4", broken)


def save(picture: Image.Image, name: str) -> None:
    picture.save(PICTURES / f"afterdetail-{name}.jpg", quality=90, optimize=True)


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures of one size side by side."""
    both = Image.new("RGB", (left.width + right.width, left.height))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


def write_clip(path: Path, picture: Image.Image) -> None:
    """The picture seen by a camera that moves a little to the side."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("h264", rate=CLIP_RATE, options={"crf": "26"})
        stream.width, stream.height, stream.pix_fmt = CLIP_SIDE, CLIP_SIDE, "yuv420p"
        for frame in range(CLIP_SECONDS * CLIP_RATE):
            moved = ImageChops.offset(picture, 2 * frame, 0).crop((24, 0, 24 + CLIP_SIDE - 24, CLIP_SIDE - 24))
            pixels = np.asarray(moved.resize((CLIP_SIDE, CLIP_SIDE), Image.Resampling.LANCZOS))
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(stream.encode())


if __name__ == "__main__":
    main()
