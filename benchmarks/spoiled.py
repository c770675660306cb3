"""Repairs of a face that are no repairs, for the judge to reject, and the good one: the face as it was unbroken."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from quality_scenes import Scene
from skimage.filters import gaussian

BLUR = 1 / 25
"""Sigma, in longer sides of the face: below it a face is as sharp as the small model paints it at denoise 0.5."""
SHIFT = 1 / 10
"""In longer sides of the face, in any direction."""
CAST = 0.12
"""More or less of one colour channel, of 1."""

Spoil = Callable[[Scene, Scene, np.random.Generator], torch.Tensor]
"""From a scene, another one and a source of chance to a picture [1, H, W, 3]."""


def blurred(scene: Scene, other: Scene, random: np.random.Generator) -> torch.Tensor:
    """The unbroken face out of focus."""
    near = scene.face.padded(2 * _longer(scene)).intersection(_plane(scene))
    picture = scene.unbroken.clone()
    pixels = picture[0][near.slices]
    pixels.copy_(torch.from_numpy(gaussian(pixels.numpy(), BLUR * _longer(scene), channel_axis=-1)))
    return picture


def shifted(scene: Scene, other: Scene, random: np.random.Generator) -> torch.Tensor:
    """The unbroken face beside its place."""
    angle, length = random.uniform(0, 2 * math.pi), SHIFT * _longer(scene)
    return scene.unbroken.roll((round(length * math.sin(angle)), round(length * math.cos(angle))), (1, 2))


def black(scene: Scene, other: Scene, random: np.random.Generator) -> torch.Tensor:
    """Nothing at all."""
    return torch.zeros_like(scene.unbroken)


def colour_cast(scene: Scene, other: Scene, random: np.random.Generator) -> torch.Tensor:
    """The unbroken face with more or less red, green or blue."""
    cast = torch.zeros(3)
    cast[random.integers(3)] = CAST * random.choice([-1, 1])
    return (scene.unbroken + cast).clamp(0, 1)


def another_face(scene: Scene, other: Scene, random: np.random.Generator) -> torch.Tensor:
    """The face of the other scene, its box stretched to this one's."""
    height, width = scene.unbroken.shape[1:3]
    ours, theirs = scene.face, other.face
    x = (torch.arange(width) + 0.5 - ours.x0) * theirs.width / ours.width + theirs.x0
    y = (torch.arange(height) + 0.5 - ours.y0) * theirs.height / ours.height + theirs.y0
    places = torch.stack(torch.meshgrid(2 * x / width - 1, 2 * y / height - 1, indexing="xy"), -1)[None]
    pixels = F.grid_sample(other.unbroken.movedim(-1, 1), places, padding_mode="border", align_corners=False)
    return pixels.movedim(1, -1)


def noise(scene: Scene, other: Scene, random: np.random.Generator) -> torch.Tensor:
    """What a sampler makes that goes astray."""
    return torch.from_numpy(random.random(scene.unbroken.shape, dtype=np.float32))


SPOILED: dict[str, Spoil] = {
    "blurred": blurred,
    "shifted by a tenth": shifted,
    "black": black,
    "with a colour cast": colour_cast,
    "another face": another_face,
    "noise": noise,
}


def _longer(scene: Scene) -> int:
    return max(scene.face.width, scene.face.height)


def _plane(scene: Scene):
    return type(scene.face).of_size(scene.unbroken.shape[2], scene.unbroken.shape[1])
