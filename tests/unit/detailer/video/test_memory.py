"""What a clip needs beside its frames does not grow with their number: latents in being are counted, not bytes."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import pytest
import torch
from afterdetail.detailer import detail as phases
from afterdetail.detailer.box import Box
from afterdetail.detailer.detail import detail
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.family import SD15, ModelSizes
from afterdetail.detailer.job import Job
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings, PaintSettings, SampleSettings

AT_ONCE = 4
BOX = Box(20, 20, 50, 50)


class Counter:
    """Stands in for a model: gives crops back, and counts the crops and latents that are alive together."""

    sizes = ModelSizes(SD15, 8)
    paint = PaintSettings(inpaint_model=True, reference="crop")
    settings = SampleSettings()
    notes = ()
    device = None

    def __init__(self):
        self.alive: weakref.WeakSet[torch.Tensor] = weakref.WeakSet()
        self.most = self.sampled = 0

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        return self._seen(pixels.movedim(-1, 1).clone(), pixels)

    def sample(self, jobs: Sequence[Job], image: Box) -> list[torch.Tensor | Exception]:
        self.sampled += len(jobs)
        return [self._seen(job.latent * 0.9) for job in jobs]

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return self._seen(latent.movedim(1, -1).clone())

    def _seen(self, made: torch.Tensor, *given: torch.Tensor) -> torch.Tensor:
        for tensor in (made, *given):
            self.alive.add(tensor)
        self.most = max(self.most, len(self.alive))
        return made


def most_alive(frames: int, tracked: bool) -> int:
    found = tuple((Detection(BOX, 0.9, "face", Extent(*map(float, BOX))),) for _ in range(frames))
    regions = make_regions(Detections(64, 64, found).numbered(), MaskSettings(), FitSettings("off", "sd15"))
    counter = Counter()
    done = detail(torch.rand(1, 64, 64, 3).expand(frames, -1, -1, -1), regions, counter, Seeds(tracked=tracked))
    assert counter.sampled == frames and sum(done.report.counts("inpainted")) == frames
    return counter.most


@pytest.mark.parametrize("tracked", [False, True])
def test_a_long_clip_keeps_no_more_crops_and_latents_than_a_short_one(monkeypatch, tracked):
    monkeypatch.setattr(phases, "AT_ONCE", AT_ONCE)
    assert most_alive(10 * AT_ONCE, tracked) == most_alive(2 * AT_ONCE, tracked)
