"""Objects to repair, as many as wanted, each with a 512 px window, and a small model that repairs them."""

from __future__ import annotations

from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from rig import nano

BOX = 425
"""Pixels: with the default dilation (3), blur (20) and context (64) the window is 512 px."""
MARGIN = 48


def regions(count: int, size: int) -> Regions:
    """`count` objects with windows of 512 px that are sampled at that size."""
    made = regions_of(count, size, "512x512")
    assert all((r.window.width, r.window.height) == (512, 512) for r in made.items)
    return made


def regions_of(count: int, size: int, resolution: str) -> Regions:
    """`count` objects spread evenly over a square image, overlapping where there is no room."""
    side = max(round(count**0.5), 1)
    room = size - BOX - 2 * MARGIN
    found = []
    for i in range(count):
        x, y = (MARGIN + round(room * k / max(side - 1, 1)) for k in (i % side, i // side % side))
        box = Box(x, y, x + BOX, y + BOX)
        found.append(Detection(box, 0.9, "face", Extent(*map(float, box)), index=i))
    return make_regions(Detections(size, size, (tuple(found),)), MaskSettings(), FitSettings(resolution, "sd15"))


def nano_inpainter(steps: int = 1, batch_size: int = 8):
    """A ComfyInpainter on the nano SD1.5 checkpoint."""
    models = nano.load("nano-sd15")
    from afterdetail.detailer.sampling import ComfyInpainter
    from afterdetail.detailer.settings import SampleSettings

    prompt = models.prompt("a face")
    settings = SampleSettings(steps=steps, denoise=1.0, batch_size=batch_size)
    return ComfyInpainter(models.model, prompt, prompt, models.vae, settings)
