"""What `blend` seamless and `grain` do to a repair that is perfect but for its colours, its light or its grain.

A stand-in for the model gives each face back as it was, with a cast, a ramp of light across the window, or without the
grain that is all over the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.crop import cut as cut_out
from afterdetail.detailer.detail import detail
from afterdetail.detailer.detection import Detections
from afterdetail.detailer.family import SD15, ModelSizes
from afterdetail.detailer.job import Job
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings, PaintSettings, SampleSettings
from PIL import Image
from quality_figures import Figures, Measure
from quality_scenes import Scene, detected, scenes
from rig.judge import Judge
from rig.photos import FACES as KNOWN
from rig.photos import photo
from skimage.color import rgb2lab

FACES = 20
CAST = (8 / 255, -4 / 255, -8 / 255)
"""Of red, green and blue: too warm."""
RAMP = 32 / 255
"""From one side of the window to the other the light falls by so much."""
GRAIN = 0.05
"""Spread of the noise over a grainy picture."""
PICTURE, SHOWN = Path(__file__).with_name("blend.jpg"), 300

Repaint = Callable[[Job, torch.Tensor], torch.Tensor]
"""From a job and the picture [H, W, 3] as it is without grain to the repaired crop [1, h, w, 3]."""


def with_a_cast(job: Job, clean: torch.Tensor) -> torch.Tensor:
    return cut_out(clean, job.region) + torch.tensor(CAST)


def with_a_strong_cast(job: Job, clean: torch.Tensor) -> torch.Tensor:
    return cut_out(clean, job.region) + 3 * torch.tensor(CAST)


def with_a_ramp(job: Job, clean: torch.Tensor) -> torch.Tensor:
    crop = cut_out(clean, job.region)
    return crop + torch.linspace(RAMP / 2, -RAMP / 2, crop.shape[2])[:, None]


def without_grain(job: Job, clean: torch.Tensor) -> torch.Tensor:
    return cut_out(clean, job.region)


class Painter:
    """Stands in for model and VAE: gives what `repaint` makes of each crop."""

    sizes = ModelSizes(SD15, 8)
    settings = SampleSettings()
    notes = ()
    device = None

    def __init__(self, repaint: Repaint, clean: torch.Tensor, paint: PaintSettings):
        self.repaint, self.clean, self.paint = repaint, clean, paint

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.movedim(-1, 1)

    def sample(self, jobs: Sequence[Job], image: Box) -> list[torch.Tensor | Exception]:
        return [self.repaint(job, self.clean).clamp(0, 1).movedim(-1, 1) for job in jobs]

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return latent.movedim(1, -1)


class Way(NamedTuple):
    """A line of the table: what is wrong with the repair, and how it is blended in."""

    fault: str
    repaint: Repaint
    paint: PaintSettings
    grain: float = 0.0
    """Of the picture."""


ALPHA, SEAMLESS = PaintSettings(), PaintSettings(blend="seamless")
WAYS = (
    Way("a cast of 8 levels, blend alpha", with_a_cast, ALPHA),
    Way("a cast of 8 levels, blend seamless", with_a_cast, SEAMLESS),
    Way("a ramp of 32 levels, blend alpha", with_a_ramp, ALPHA),
    Way("a ramp of 32 levels, blend seamless", with_a_ramp, SEAMLESS),
    Way("no grain, grain 0", without_grain, ALPHA, GRAIN),
    Way("no grain, grain 1", without_grain, PaintSettings(grain=1.0), GRAIN),
)


def grainy(clean: torch.Tensor, spread: float, seed: int) -> torch.Tensor:
    """A picture [1, H, W, 3] with noise, the same in all channels, as of film."""
    noise = torch.randn(clean.shape[:3], generator=torch.Generator().manual_seed(seed))
    return (clean + spread * noise[..., None]).clamp(0, 1)


def blended(
    way: Way, clean: torch.Tensor, found: Detections, seed: int, masks: MaskSettings | None = None
) -> tuple[torch.Tensor, ...]:
    """The picture [1, H, W, 3] before and after, and the mask [H, W]."""
    picture = grainy(clean, way.grain, seed)
    regions = make_regions(found, masks or MaskSettings(), FitSettings(base_model="sd15"))
    done = detail(picture, regions, Painter(way.repaint, clean[0], way.paint), Seeds(seed))
    return picture, done.image, done.alpha[0]


def figures(way: Way, scene: Scene, judge: Judge) -> Figures:
    """As in the quality table; but `lab` is that of the side of the ring where it is most, for a ramp."""
    before, after, alpha = blended(way, scene.unbroken, scene.detections, scene.seed)
    measured = Measure(judge, scene._replace(unbroken=before, broken=before))(after, alpha)
    return replace(measured, lab=most_of_four_sides(before[0].numpy(), after[0].numpy(), alpha.numpy()))


def most_of_four_sides(before: np.ndarray, after: np.ndarray, alpha: np.ndarray) -> float:
    """The largest dE between the mean colours of [H, W, 3] pictures under the left, right, upper or lower soft edge."""
    rows, columns = np.nonzero((alpha > 0) & (alpha < 1))
    difference = rgb2lab(after[rows, columns][None])[0] - rgb2lab(before[rows, columns][None])[0]
    x, y = columns - (columns.min() + columns.max()) / 2, rows - (rows.min() + rows.max()) / 2
    upright = np.abs(x) * np.ptp(rows) > np.abs(y) * np.ptp(columns)
    sides = (upright & (x < 0), upright & (x > 0), ~upright & (y < 0), ~upright & (y > 0))
    return max(float(np.linalg.norm(difference[side].mean(0))) for side in sides)


def table() -> str:
    judge, several = Judge(), [*scenes(FACES, 1)]
    lines = [
        "| what is wrong with the repair | ring on its worst side, dE | seam | grain | outside |",
        "|---|---|---|---|---|",
    ]
    for way in WAYS:
        mean = Figures.mean([figures(way, scene, judge) for scene in several])
        lines.append(f"| {way.fault} | {mean.lab:.2f} | {mean.seam:.2f} | {mean.grain:.2f} | {mean.outside:.0f} |")
    return "\n".join(lines)


def shown() -> Image.Image:
    """A cast and grain on a photo: without, and with what is made for it."""
    tinted = [Way("a cast of 24 levels", with_a_strong_cast, paint) for paint in (ALPHA, SEAMLESS)]
    image = torch.from_numpy(np.asarray(photo("astronaut"), np.float32) / 255)[None]
    face = Box(*KNOWN["astronaut"])
    found = Detections(image.shape[2], image.shape[1], ((detected(face),),))
    near = face.grown_to(2 * face.height, 2 * face.height)
    parts = []
    for way in (*tinted, *WAYS[-2:]):
        after = blended(way, image, found, 1, MaskSettings(mask_dilation=40))[1][0]
        part = Image.fromarray((after * 255).round().byte().numpy()).crop(near)
        parts.append(np.asarray(part.resize((SHOWN, SHOWN), Image.Resampling.LANCZOS)))
    return Image.fromarray(np.concatenate(parts, 1))


def main() -> None:
    with torch.inference_mode():
        print(f"{FACES} faces.\n\n{table()}")
        shown().save(PICTURE, quality=90, optimize=True)


if __name__ == "__main__":
    main()
