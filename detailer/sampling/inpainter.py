"""The inpainter that runs on ComfyUI's own models, samplers and memory management."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import comfy.ldm.modules.diffusionmodules.openaimodel as unet
import comfy.model_management as memory
import comfy.sample
import comfy.samplers
import torch

from ..box import Box
from ..conditioning import Conditioning, batched, cropped, signature, with_equal_lengths
from ..detail import Job
from ..family import ModelSizes, of_latent_format
from ..object_prompts import ObjectPrompts
from ..settings import PaintSettings, SampleSettings
from .differential import with_differential_mask
from .known import unknown_sampling
from .noise import SINGLE_SAMPLERS, initial_noise, sampler_with_own_noise
from .progress import Progress, Step
from .wording import Wording

log = logging.getLogger("afterdetail")


class Refiner(NamedTuple):
    """The model of the last steps and its own conditionings."""

    model: Any
    positive: Conditioning
    negative: Conditioning


@dataclass(frozen=True, eq=False)
class _Item:
    """A job with its conditionings, cut to its window."""

    job: Job
    positive: Conditioning
    negative: Conditioning
    refiner: Refiner | None

    @property
    def group(self) -> Hashable:
        """What items have to share to be sampled together."""
        refined = self.refiner and (signature(self.refiner.positive), signature(self.refiner.negative))
        return self.job.latent.shape, signature(self.positive), signature(self.negative), refined


Outcome = torch.Tensor | Exception


@dataclass
class ComfyInpainter:
    """Encodes, samples and decodes crops with a wired MODEL, its conditionings and a VAE.

    Each job has its own seed for the first noise and for what the sampler draws on the way, and its own window of
    the conditionings, so it comes out the same alone and in any batch.
    """

    model: Any
    positive: Conditioning
    negative: Conditioning
    vae: Any
    settings: SampleSettings
    paint: PaintSettings = field(default_factory=PaintSettings)
    refiner: Refiner | None = None
    clip: Any = None
    prompts: ObjectPrompts = field(default_factory=ObjectPrompts)
    on_progress: Callable[[Step], None] = field(default=lambda step: None)
    """Called at every step."""

    def __post_init__(self) -> None:
        if sentence := unknown_sampling(self.settings.sampler_name, self.settings.scheduler):
            raise ValueError(sentence)
        self.wording = Wording(self.positive, self.negative, self.model, self.clip, self.prompts)
        if self.paint.differential:
            self.model = with_differential_mask(self.model)

    @property
    def sizes(self) -> ModelSizes:
        family = of_latent_format(type(self.model.get_model_object("latent_format")).__name__)
        return ModelSizes(family, int(self.vae.spacial_compression_encode()))

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """[1, H, W, 3] -> latent [1, C, (T,) h, w]."""
        return comfy.sample.fix_empty_latent_channels(self.model, self.vae.encode(pixels))

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Latent of one crop -> [1, H, W, 3]; of a video VAE's frames the first."""
        pixels = self.vae.decode(latent)
        return pixels.reshape(-1, *pixels.shape[-3:])[:1]

    def sample(self, jobs: Sequence[Job], image: Box) -> list[Outcome]:
        """Inpaint each job's latent where its mask is 1; the outcome of each is its latent or why it failed."""
        items = self._items(jobs, image)
        outcomes: dict[int, Outcome] = {}
        progress = Progress(self.model, len(jobs), self.settings.steps * self.settings.passes, self.on_progress)
        for group in _grouped(items):
            for batch in self._batches(group, items[group[0]].job.latent.shape):
                found = self._sample_or_split([items[index] for index in batch], progress)
                outcomes.update(zip(batch, found, strict=True))
        return [outcomes[index] for index in range(len(jobs))]

    def _items(self, jobs: Sequence[Job], image: Box) -> list[_Item]:
        worded = [self.wording.of(job.region) for job in jobs]
        positives, negatives = [positive for positive, _ in worded], [negative for _, negative in worded]
        if isinstance(self.model.model.diffusion_model, unet.UNetModel):
            positives, negatives = with_equal_lengths(positives), with_equal_lengths(negatives)
        return [
            _Item(
                job,
                _with_concat(cropped(positive, job.region, image), job),
                _with_concat(cropped(negative, job.region, image), job),
                self._cropped_refiner(job, image),
            )
            for job, positive, negative in zip(jobs, positives, negatives, strict=True)
        ]

    def _cropped_refiner(self, job: Job, image: Box) -> Refiner | None:
        if self.refiner is None or self.settings.high_noise_frac >= 1:
            return None
        model, positive, negative = self.refiner
        return Refiner(model, cropped(positive, job.region, image), cropped(negative, job.region, image))

    def _batches(self, group: list[int], shape: torch.Size) -> list[list[int]]:
        size = 1 if self.settings.sampler_name in SINGLE_SAMPLERS else self.settings.batch_size or self._fitting(shape)
        return [group[start : start + size] for start in range(0, len(group), size)]

    def _fitting(self, shape: torch.Size) -> int:
        """How many items of one latent shape the free memory holds, by the model's own estimate."""
        to_load = self.model.model_size() - self.model.loaded_size()
        free: Any = memory.get_free_memory(self.model.load_device)
        both_conditionings = self.model.model.memory_required([2, *shape[1:]])
        return max(int((free - memory.minimum_inference_memory() - to_load) / both_conditionings), 1)

    def _sample_or_split(self, items: list[_Item], progress: Progress) -> list[Outcome]:
        """The outcomes of a batch. One that fails is halved and tried again, until the failing item is alone."""
        try:
            latents = self._sample_batch(items, progress)
        except Exception as error:
            if len(items) == 1:
                log.exception("Sampling an object failed.")
                progress.finished(1)
                return [error]
            log.warning("Sampling %d objects together failed (%s); trying in halves.", len(items), error)
        else:
            progress.finished(len(items))
            return [*latents.split(1)]
        memory.soft_empty_cache()  # out here the exception holds no tensors any more
        middle = len(items) // 2
        return [
            outcome for half in (items[:middle], items[middle:]) for outcome in self._sample_or_split(half, progress)
        ]

    def _sample_batch(self, items: list[_Item], progress: Progress) -> torch.Tensor:
        """All passes over one batch; each later pass starts from the last one's latents at half its denoise."""
        latent = torch.cat([item.job.latent for item in items])
        for number in range(self.settings.passes):
            seeds = [(item.job.seed + number) % (1 << 64) for item in items]
            run = _Pass(items, seeds, self.settings.denoise / 2**number, number == 0)
            callback = progress.callback(len(items), number * self.settings.steps, _common_label(items))
            latent = self._sample_pass(run, latent, callback)
        return latent

    def _sample_pass(self, run: _Pass, latent: torch.Tensor, callback: Callable) -> torch.Tensor:
        mask = torch.cat([item.job.mask for item in run.items])
        start = self._filled(run, latent, mask) if run.is_first else latent
        noise = initial_noise(start.split(1), run.seeds) * self.settings.noise_multiplier
        sigmas = self._sigmas(run.denoise)
        split = round((len(sigmas) - 1) * self.settings.high_noise_frac)
        refiners = [item.refiner for item in run.items if item.refiner is not None]
        base = _Stage(self.model, [item.positive for item in run.items], [item.negative for item in run.items])
        if not refiners or split == len(sigmas) - 1:  # with few steps, a large share is all of them
            return self._sample_stage(base, run.seeds, noise, start, sigmas, mask, callback)
        refine = _Stage(refiners[0].model, [r.positive for r in refiners], [r.negative for r in refiners])
        if split == 0:
            return self._sample_stage(refine, run.seeds, noise, start, sigmas, mask, callback)
        halfway = self._sample_stage(base, run.seeds, noise, start, sigmas[: split + 1], mask, callback)
        leftover = _noise_between(refine.model, start, halfway, sigmas[split])
        return self._sample_stage(refine, run.seeds, leftover, start, sigmas[split:], mask, _after(callback, split))

    def _sample_stage(
        self,
        stage: _Stage,
        seeds: list[int],
        noise: torch.Tensor,
        latent: torch.Tensor,
        sigmas: torch.Tensor,
        mask: torch.Tensor,
        callback: Callable,
    ) -> torch.Tensor:
        return comfy.sample.sample_custom(
            stage.model,
            noise,
            self.settings.cfg,
            sampler_with_own_noise(self.settings.sampler_name, seeds, latent, sigmas),
            sigmas,
            batched(stage.positives),
            batched(stage.negatives),
            latent,
            noise_mask=mask,
            callback=callback,
            disable_pbar=True,
            seed=seeds[0],
        )

    def _sigmas(self, denoise: float) -> torch.Tensor:
        return comfy.samplers.KSampler(
            self.model,
            self.settings.steps,
            self.model.load_device,
            sampler=self.settings.sampler_name,
            scheduler=self.settings.scheduler,
            denoise=denoise,
            model_options=self.model.model_options,
        ).sigmas

    def _filled(self, run: _Pass, latent: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The latents with nothing, or noise, where the mask is; the other fills are done on the pixels."""
        if self.paint.fill == "latent nothing":
            content = torch.zeros_like(latent)
        elif self.paint.fill == "latent noise":
            # A seed of its own, so that it is not the noise that is then added to it.
            content = initial_noise(latent.split(1), [(seed ^ (1 << 31)) for seed in run.seeds])
        else:
            return latent
        latent_format = self.model.get_model_object("latent_format")
        return torch.where(mask > 0, latent_format.process_out(content), latent)


class _Pass(NamedTuple):
    items: list[_Item]
    seeds: list[int]
    denoise: float
    is_first: bool


class _Stage(NamedTuple):
    """A model and its conditionings, one of each for every item of the batch."""

    model: Any
    positives: list[Conditioning]
    negatives: list[Conditioning]


def _common_label(items: Sequence[_Item]) -> str:
    """What the detector calls them, if it is the same for all."""
    labels = {member.label for item in items for member in item.job.region.members}
    return labels.pop() if len(labels) == 1 else "object"


def _grouped(items: Sequence[_Item]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(item.group, []).append(index)
    return list(groups.values())


def _with_concat(conditioning: Conditioning, job: Job) -> Conditioning:
    """An inpaint checkpoint sees the crop with a hole, and where the hole is."""
    if job.hole is None:
        return conditioning
    extra = {"concat_latent_image": job.hole, "concat_mask": job.hole_mask}
    return [[tensor, {**options, **extra}] for tensor, options in conditioning]


def _noise_between(model: Any, latent: torch.Tensor, noisy: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """The noise that turns `latent` into `noisy` at `sigma`, for a second model to go on where the first ended.

    Given it as its own noise, the second model's start is `noisy`, and the kept area goes on being noised as it was.
    Noise scaling is linear in the noise, and with none it undoes the scaling that ComfyUI takes off a result.
    """
    scaling, latent_format = model.get_model_object("model_sampling"), model.get_model_object("latent_format")
    latent, noisy = latent_format.process_in(latent), latent_format.process_in(noisy)
    sigma, nothing = sigma.to(latent), torch.zeros_like(latent)
    without = scaling.noise_scaling(sigma, nothing, latent)
    unit = scaling.noise_scaling(sigma, torch.ones_like(latent), latent) - without
    return (scaling.noise_scaling(sigma, nothing, noisy) - without) / unit


def _after(callback: Callable, steps_before: int) -> Callable:
    return lambda step, denoised, x, steps: callback(steps_before + step, denoised, x, steps)
