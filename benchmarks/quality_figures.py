"""What is measured of a repaired face: inside the mask, at its border, and outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import mean, median
from typing import Any

import numpy as np
import torch
from quality_scenes import Scene
from rig.judge import Judge, landmark_error
from scipy.ndimage import binary_dilation, binary_erosion
from skimage.color import rgb2lab
from skimage.filters import gaussian
from skimage.metrics import structural_similarity

BORDER = 2  # pixels; a mask without a soft edge has a border, too
FOUND = 0.6
"""Score from which on the default detector reports a face."""


@dataclass(frozen=True)
class Figures:
    """psnr, ssim: to the unbroken picture, where alpha is at least half. landmarks: in distances between the eyes.

    seam: mean gradient where alpha is between 0 and 1 and 2 px around, over the same in the unbroken picture. lab:
    difference of the mean colours there, dE. grain: energy above a Gaussian of
    1 px inside, over the same in the unbroken picture. outside: changed pixels where alpha is 0.
    """

    psnr: float
    ssim: float
    landmarks: float
    found: float
    score: float
    seam: float
    lab: float
    grain: float
    outside: float

    @staticmethod
    def mean(several: Sequence[Figures]) -> Figures:
        """The means; of ratios the median, and of landmarks those that could be measured."""
        average = {field.name: mean for field in fields(Figures)}
        average |= {"seam": median, "grain": median, "landmarks": known}
        return Figures(**{name: of([getattr(one, name) for one in several]) for name, of in average.items()})


def known(values: Sequence[float]) -> float:
    return mean([value for value in values if np.isfinite(value)] or [float("inf")])


class Measure:
    """Compares a repaired picture with the unbroken one."""

    def __init__(self, judge: Judge, scene: Scene):
        self.judge, self.scene = judge, scene
        self.unbroken = scene.unbroken[0].numpy()
        self.mesh = judge.look(scene.unbroken[0], scene.face).points

    def __call__(self, image: torch.Tensor, alpha: torch.Tensor) -> Figures:
        """Of an image [1, H, W, 3] and the share of each pixel [H, W] that was replaced."""
        rows, columns = alpha.nonzero(as_tuple=True)
        top, left = (max(int(at.min()) - BORDER, 0) for at in (rows, columns))
        near = slice(top, int(rows.max()) + BORDER + 1), slice(left, int(columns.max()) + BORDER + 1)
        new, old, share = image[0].numpy()[near], self.unbroken[near], alpha.numpy()[near]
        inside = share >= 0.5
        around, whole = binary_dilation(share > 0, iterations=BORDER), binary_erosion(share == 1, iterations=BORDER)
        band = np.asarray(around) & np.logical_not(whole)
        seen = self.judge.look(image[0], self.scene.face)
        similar: Any = structural_similarity(new, old, channel_axis=-1, data_range=1, full=True)[1]
        shift = rgb2lab(new)[band].mean(0) - rgb2lab(old)[band].mean(0)
        changed = (image != self.scene.broken)[0].any(-1)
        return Figures(
            psnr=-10 * float(np.log10(np.square(new - old)[inside].mean() + 1e-10)),
            ssim=float(similar[inside].mean()),
            landmarks=landmark_error(seen.points, self.mesh),
            found=float(seen.score >= FOUND),
            score=seen.score,
            seam=float(gradient(new)[band].mean() / gradient(old)[band].mean()),
            lab=float(np.linalg.norm(shift)),
            grain=float(np.square(fine(new))[inside].mean() / np.square(fine(old))[inside].mean()),
            outside=float(changed[alpha == 0].sum()),
        )


def gradient(pixels: np.ndarray) -> np.ndarray:
    """[H, W] of [H, W, 3]: how steep the brightness is."""
    return np.hypot(*np.gradient(pixels.mean(-1)))


def fine(pixels: np.ndarray) -> np.ndarray:
    return pixels - gaussian(pixels, 1.0, channel_axis=-1)
