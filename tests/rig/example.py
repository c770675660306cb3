"""What demo and pictures repair: a public-domain photo with its face broken, and how the small model mends it."""

from __future__ import annotations

from PIL import Image

from .broken import Breakage, with_broken_face
from .photos import FACES, photo

FACE_MODEL = "face-sd15.ckpt"
WIDGETS = {"steps": 20, "cfg": 1.0, "denoise": 0.035, "mask_dilation": 20, "mask_blur": 6}
"""After Detailer's, for this model: it mends best with little noise, and heeds no prompt, so that cfg 1 is enough."""
FACE = FACES["astronaut"]
BREAKAGE, SEED = Breakage(across=44, noise=0.06, warp=0.008), 2


def unbroken() -> Image.Image:
    """NASA's photo of Eileen Collins, in the public domain."""
    return photo("astronaut")


def broken() -> Image.Image:
    return with_broken_face(unbroken(), FACE, SEED, BREAKAGE)
