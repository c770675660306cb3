"""How much of an object is repainted, by its size."""

from __future__ import annotations

import math

from .box import Box
from .family import Family
from .settings import SampleSettings

USUAL_SHARE = 0.5
"""The side of an object that gets the denoise as it was set, as a share of the side that the model was made for."""


def denoise_of(box: Box, family: Family, settings: SampleSettings) -> float:
    """The denoise of an object in a `box` of pixels, up to 1.

    denoise x (share of the native side / side of the object) ^ denoise_by_size, where the sides are square roots of
    areas: with denoise_by_size 1, an object of half the usual side gets twice the denoise, with 0 all get the same.

    It is rounded so that objects whose schedules have equally many steps get the very same and can share a batch:
    ComfyUI takes the last `steps` of int(steps / denoise) noise levels.
    """
    if settings.denoise_by_size == 0 or settings.denoise == 0:
        return settings.denoise
    usual = USUAL_SHARE * math.sqrt(family.native.area)
    wanted = min(settings.denoise * (usual / math.sqrt(box.area)) ** settings.denoise_by_size, 1.0)
    steps_of_all = int(settings.steps / wanted)
    return 1.0 if steps_of_all <= settings.steps else settings.steps / (steps_of_all + 0.5)
