"""The main job: every region cut out, inpainted and pasted back."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import torch

from .blend import blended_in
from .box import Box
from .composite import Composite
from .conditioning import NothingHere
from .crop import cut, filled, latent_mask, solid_mask, with_hole
from .detection import Detection
from .failures import explained
from .job import Inpainter, Job
from .judge import Observer, Verdict, judge
from .planes import zeros
from .region import Region, Regions
from .report import DetailReport, ObjectReport, Status
from .safety import IsUnsafe
from .seeds import Seeds, retry_seed
from .settings import KeepSettings
from .strength import denoise_of
from .video.steady import steadied
from .video.tracker import track_numbers, without_brief

log = logging.getLogger("afterdetail")

AT_ONCE = 256
"""Regions that go through the phases together: enough to load each model once for a picture, and a bound on what a
long clip needs beside its frames."""


class Checks(NamedTuple):
    """What a repair has to pass before it is pasted."""

    is_unsafe: IsUnsafe | None = None
    keep: KeepSettings = KeepSettings()
    observer: Observer | None = None
    """Networks for the judge; without them it goes by the pixels alone."""


class Detailed(NamedTuple):
    image: torch.Tensor
    """[B, H, W, C]; the very input if nothing was pasted."""
    alpha: torch.Tensor
    """[B, H, W]: the share of each pixel that was replaced."""
    report: DetailReport


class _Judged(NamedTuple):
    verdict: Verdict
    seed: int


@dataclass(eq=False)
class _Repair:
    """One region on its way through the phases; it drops out of them where it fails."""

    region: Region
    seed: int
    tracks: tuple[int | None, ...]
    job: Job | None = None
    """Once it is encoded."""
    sampled: torch.Tensor | None = None
    """Its latent, once it is sampled."""
    status: Status = "inpainted"
    reason: str | None = None
    seconds: float = 0.0
    tries: int = 0
    """Repairs that were judged."""
    best: _Judged | None = None

    def start(self, attempt: int, job: Job) -> Job:
        """The job of attempt number 0, 1, ... with a seed of its own."""
        self.status, self.reason = "inpainted", None
        self.seed = retry_seed(job.seed, attempt)
        return replace(job, seed=self.seed) if attempt else job

    def judged(self, verdict: Verdict) -> None:
        """Keep or reject the repair. Of several attempts, the one that failed the fewest tests is remembered."""
        self.tries += 1
        if self.best is None or len(verdict.failed) < len(self.best.verdict.failed):
            self.best = _Judged(verdict, self.seed)
        if verdict.failed:
            self.seed = self.best.seed
            self.drop("rejected", self.best.verdict.reason)

    def drop(self, status: Status, reason: str) -> None:
        """Leave the region's pixels as they are."""
        self.status, self.reason = status, reason


def detail(
    image: torch.Tensor, regions: Regions, inpainter: Inpainter, seeds: Seeds, checks: Checks | None = None
) -> Detailed:
    """Repair the regions of a [B, H, W, C] image. Each phase is done for `AT_ONCE` regions before the next begins.

    A region that fails, or whose repair does not pass the `checks`, is reported and keeps its original pixels. `image`
    itself is never changed.
    """
    tracks = track_numbers(regions.detections, image) if seeds.tracked and regions.items else {}
    if tracks:
        regions = without_brief(regions, tracks, seeds.min_frames)
    report = DetailReport.of(regions)
    report.note(*seeds.unused(regions.detections.numbers_before()[-1]))
    alpha = zeros(image.shape[:3], image.device)
    if not regions.items:
        return Detailed(image, alpha, report)
    if inpainter.settings.denoise == 0:
        for repair in _planned(regions, seeds, tracks):
            repair.drop("skipped", "denoise is 0")
            _record(report, repair)
        return Detailed(image, alpha, report)

    steady = steadied(regions, tracks, image) if tracks else regions
    sizes = inpainter.sizes
    report.family = sizes.family.name
    repairs = _planned(steady.refitted(sizes), seeds, tracks)
    composite = Composite(image, alpha, [repair.region for repair in repairs], inpainter.device)
    for first in range(0, len(repairs), AT_ONCE):
        part = repairs[first : first + AT_ONCE]
        _encode(image, part, inpainter)
        _repaint(composite, part, regions.image, inpainter, checks or Checks())
        for repair in part:
            _record(report, repair, follows_size=inpainter.settings.denoise_by_size > 0)
            repair.job = None
    report.note(*inpainter.notes)
    return Detailed(composite.image, alpha, report)


def _planned(regions: Regions, seeds: Seeds, tracks: Mapping[Detection, int]) -> list[_Repair]:
    """Every region with its seed; `tracks` are the numbers of objects that are followed from frame to frame."""
    before = regions.detections.numbers_before()
    repairs = []
    for region in regions.items:
        first = region.members[0]
        place = None if first.number is None else before[region.image_index] + first.number
        identity = (0, tracks[first]) if seeds.tracked else (region.image_index, first.index)
        member_tracks = tuple(tracks.get(member) for member in region.members)
        repairs.append(_Repair(region, seeds.of(place, *identity), member_tracks))
    return repairs


def _record(report: DetailReport, repair: _Repair, follows_size: bool = False) -> None:
    """`follows_size`: whether the denoise is the object's own."""
    entry = partial(
        ObjectReport,
        status=repair.status,
        reason=repair.reason,
        region=repair.region,
        seed=repair.seed,
        milliseconds=repair.seconds * 1000,
        denoise=repair.job.denoise if repair.job and follows_size else None,
        tries=repair.tries or None,
        verdict=repair.best and repair.best.verdict,
    )
    members = zip(repair.region.members, repair.tracks, strict=True)
    report.add(repair.region, [entry(member, track=track) for member, track in members])


@contextmanager
def _quarantined(repair: _Repair, stage: str) -> Iterator[None]:
    """Keep one region's failure to itself. An interrupt is no Exception and passes."""
    start = time.perf_counter()
    try:
        yield
    except Exception as error:
        log.exception("An object keeps its original pixels: %s failed.", stage)
        repair.drop("failed", explained(stage, error))
    finally:
        repair.seconds += time.perf_counter() - start


def _encode(image: torch.Tensor, repairs: Sequence[_Repair], inpainter: Inpainter) -> None:
    for repair in repairs:
        with _quarantined(repair, "encoding"):
            repair.job = _job(image, repair, inpainter)


def _job(image: torch.Tensor, repair: _Repair, inpainter: Inpainter) -> Job:
    region, paint = repair.region, inpainter.paint
    crop = cut(image[region.image_index], region, device=inpainter.device)
    hole = hole_mask = picture = reference = None
    if paint.inpaint_model:
        hole, hole_mask = inpainter.encode(with_hole(crop, region)), solid_mask(region, region.sampled_at)
    latent = _finite(inpainter.encode(filled(crop, region) if paint.fill == "fill" else crop), "the encoded crop")
    mask = latent_mask(region, latent, soft=paint.differential)
    if hole_mask is not None and latent.ndim == 5:
        hole_mask = hole_mask[:, :, None]
    if paint.reference == "crop":
        picture = crop.to(image.device)
        reference = inpainter.encode(picture) if paint.fill == "fill" else latent
    denoise = denoise_of(region.alpha.box, inpainter.sizes.family, inpainter.settings)
    return Job(region, repair.seed, latent, mask, hole, hole_mask, picture, reference, denoise)


def _repaint(
    composite: Composite, repairs: Sequence[_Repair], plane: Box, inpainter: Inpainter, checks: Checks
) -> None:
    """Sample the repairs together, then decode and paste them one by one; what the judge rejects gets another seed.

    Every attempt is a phase for all regions that are left, so an object comes out the same alone and among others.
    """
    waiting = [*repairs]
    for attempt in range(checks.keep.retries + 1):
        _sample(waiting, attempt, plane, inpainter)
        rejected = []
        for repair in waiting:
            patch = _patch(composite.original, repair, inpainter, checks)
            if repair.status == "rejected" and attempt < checks.keep.retries:
                rejected.append(repair)
            else:
                composite.settle(repair.region, patch)
        waiting = rejected
        if not waiting:
            break


def _sample(repairs: Sequence[_Repair], attempt: int, plane: Box, inpainter: Inpainter) -> None:
    start = time.perf_counter()
    encoded = []
    for repair in repairs:
        if repair.job is not None:
            encoded.append((repair, repair.start(attempt, repair.job)))
    outcomes = inpainter.sample([job for _, job in encoded], plane)
    seconds_each = (time.perf_counter() - start) / max(len(encoded), 1)
    for (repair, _), outcome in zip(encoded, outcomes, strict=True):
        repair.seconds += seconds_each
        if isinstance(outcome, NothingHere):
            repair.drop("skipped", str(outcome))
        elif isinstance(outcome, Exception):
            repair.drop("failed", explained("sampling", outcome))
        else:
            repair.sampled = outcome


def _patch(image: torch.Tensor, repair: _Repair, inpainter: Inpainter, checks: Checks) -> torch.Tensor | None:
    """What is to be pasted, [1, h, w, 3]; None if nothing is, which the repair says why."""
    sampled, repair.sampled = repair.sampled, None
    if sampled is None:
        return None
    region, original = repair.region, image[repair.region.image_index]
    with _quarantined(repair, "decoding"):
        patch = _finite(inpainter.decode(sampled), "the decoded crop")
        if checks.is_unsafe is not None and any(checks.is_unsafe(patch)):
            repair.drop("removed", "the safety check removed what was painted")
            return None
        patch = blended_in(patch, original, region, inpainter.paint, repair.seed)
        if checks.keep.keep == "if better":
            repair.judged(judge(original, patch, region, checks.observer))
        return patch if repair.status == "inpainted" else None
    return None


def _finite(values: torch.Tensor, what: str) -> torch.Tensor:
    if not bool(values.sum(dtype=torch.float32).isfinite()):  # an elementwise test takes forty times as long
        raise ValueError(f"{what} holds NaN or Inf")
    return values
