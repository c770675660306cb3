"""What a clip needs beside its frames: crops and latents in being are counted, and what lies in memory is measured."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence

import psutil
import pytest
import torch
from afterdetail.detailer import detail as phases
from afterdetail.detailer import planes
from afterdetail.detailer.box import Box
from afterdetail.detailer.detail import Detailed, detail
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


def made_of(frame: torch.Tensor, frames: int, counter: Counter, tracked: bool) -> Detailed:
    """A clip of one frame [1, H, W, 3], again and again, with an object in it."""
    found = tuple((Detection(BOX, 0.9, "face", Extent(*map(float, BOX))),) for _ in range(frames))
    plane = Detections(frame.shape[2], frame.shape[1], found).numbered()
    regions = make_regions(plane, MaskSettings(), FitSettings("off", "sd15"))
    return detail(frame.expand(frames, -1, -1, -1), regions, counter, Seeds(tracked=tracked))


def most_alive(frames: int, tracked: bool) -> int:
    counter = Counter()
    done = made_of(torch.rand(1, 64, 64, 3), frames, counter, tracked)
    assert counter.sampled == frames and sum(done.report.counts("inpainted")) == frames
    return counter.most


@pytest.mark.parametrize("tracked", [False, True])
def test_a_long_clip_keeps_no_more_crops_and_latents_than_a_short_one(monkeypatch, tracked):
    monkeypatch.setattr(phases, "AT_ONCE", AT_ONCE)
    assert most_alive(10 * AT_ONCE, tracked) == most_alive(2 * AT_ONCE, tracked)


def in_memory() -> int:
    """Bytes that the system cannot drop, as it can those of a file, nor C's library give back: it keeps some 30 MB."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
    used = psutil.Process().memory_info()
    return used.rss - getattr(used, "shared", 0)


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere the bytes of files are not told apart")
def test_where_memory_is_short_picture_and_mask_of_a_clip_take_none(monkeypatch, tmp_path):
    monkeypatch.setattr(planes, "LARGE", 2**20)
    monkeypatch.setattr(planes, "FOLDER", str(tmp_path))
    monkeypatch.setattr(planes, "_free_memory", lambda: 2**20)
    frame, frames = torch.rand(1, 400, 600, 3), 40
    made_of(frame, 2, Counter(), tracked=True)
    before = in_memory()
    done = made_of(frame, frames, Counter(), tracked=True)
    outputs = 4 * (done.image.numel() + done.alpha.numel())
    assert in_memory() - before < outputs / 4
    assert bool((done.image[-1] != frame[0]).any()) and bool(done.alpha[-1].any())
