"""The inpainter that runs on ComfyUI's own models, samplers and memory management."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import comfy.ldm.modules.diffusionmodules.openaimodel as unet
import comfy.model_management as memory
import comfy.sample
import torch

from ..box import Box
from ..conditioning import Conditioning, NothingHere
from ..detail import Job
from ..family import ModelSizes
from ..joining import with_equal_lengths
from ..object_prompts import ObjectPrompts
from ..settings import PaintSettings, SampleSettings
from ..view import View
from .differential import with_differential_mask
from .items import Item, Refiner, grouped, item_of
from .known import unknown_sampling
from .model import cell_of, decides_by_batch, misfit, refiner_misfit, sizes_of
from .noise import SINGLE_SAMPLERS
from .passes import Passes
from .progress import Progress, Step
from .wording import Wording

log = logging.getLogger("afterdetail")


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
        if sentence := misfit(self.model, self.vae):
            raise ValueError(sentence)
        if self.refiner is not None and (sentence := refiner_misfit(self.model, self.refiner.model)):
            raise ValueError(sentence)
        if self.paint.differential:
            self.model = with_differential_mask(self.model)

    @property
    def notes(self) -> list[str]:
        """What the user should know of the models that are wired."""
        shown = any("concat_latent_image" in options for _, options in self.positive)
        if "masked_image" not in getattr(self.model.model, "concat_keys", ()) or self.paint.inpaint_model or shown:
            return []
        return ["The model is an inpainting checkpoint, which wants to see where the hole is: turn on inpaint_model."]

    @property
    def sizes(self) -> ModelSizes:
        """The family of the model, and what the sides of a crop have to be divisible by."""
        return sizes_of(self.model, self.vae)

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """[1, H, W, 3] -> latent [1, C, (T,) h, w]."""
        return comfy.sample.fix_empty_latent_channels(self.model, self.vae.encode(pixels))

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Latent of one crop -> [1, H, W, 3]; of a video VAE's frames the first."""
        pixels = self.vae.decode(latent)
        return pixels.reshape(-1, *pixels.shape[-3:])[:1]

    def sample(self, jobs: Sequence[Job], image: Box) -> list[Outcome]:
        """Inpaint each job's latent where its mask is 1; the outcome of each is its latent or why there is none."""
        prepared = self._prepared(jobs, image)
        outcomes: dict[int, Outcome] = {i: each for i, each in enumerate(prepared) if isinstance(each, Exception)}
        ready = [(i, each) for i, each in enumerate(prepared) if isinstance(each, Item)]
        progress = Progress(self.model, len(ready), self.settings.steps * self.settings.passes, self.on_progress)
        for group in grouped([item for _, item in ready]):
            for batch in self._batches([ready[place] for place in group]):
                found = self._sample_or_split([item for _, item in batch], progress)
                outcomes.update(zip((index for index, _ in batch), found, strict=True))
        return [outcomes[index] for index in range(len(jobs))]

    def _prepared(self, jobs: Sequence[Job], image: Box) -> list[Item | Exception]:
        """Each job with its conditionings, or why it cannot have them: that is its own failure and no other's."""
        cell = cell_of(self.vae)
        refiner = self.refiner if self.settings.high_noise_frac < 1 else None
        prepared: list[Item | Exception] = []
        for job, (positive, negative) in zip(jobs, self._worded(jobs), strict=True):
            try:
                prepared.append(item_of(job, View(job.region, image, cell), positive, negative, refiner))
            except NothingHere as nothing:
                prepared.append(nothing)
            except Exception as error:
                log.exception("Cutting the conditioning of an object failed.")
                prepared.append(error)
        return prepared

    def _worded(self, jobs: Sequence[Job]) -> list[tuple[Conditioning, Conditioning]]:
        """Each job's positive and negative, still of the whole image."""
        worded = [self.wording.of(job.region) for job in jobs]
        positives, negatives = [positive for positive, _ in worded], [negative for _, negative in worded]
        if self._tokens_may_repeat and jobs:
            positives = with_equal_lengths(positives)
            if any(negative is not self.negative for negative in negatives):
                negatives = with_equal_lengths(negatives)
        return list(zip(positives, negatives, strict=True))

    @property
    def _tokens_may_repeat(self) -> bool:
        return isinstance(self.model.model.diffusion_model, unet.UNetModel)

    def _batches(self, group: Sequence[tuple[int, Item]]) -> list[Sequence[tuple[int, Item]]]:
        """A group of equals in batches of the size that was chosen, or fits."""
        _, first = group[0]
        alone = self.settings.sampler_name in SINGLE_SAMPLERS or decides_by_batch(self.model) or first.is_single
        size = 1 if alone else self.settings.batch_size or self._fitting(first.job.latent.shape)
        return [group[start : start + size] for start in range(0, len(group), size)]

    def _fitting(self, shape: torch.Size) -> int:
        """How many items of one latent shape the free memory holds, by the model's own estimate."""
        to_load = self.model.model_size() - self.model.loaded_size()
        free: Any = memory.get_free_memory(self.model.load_device)
        both_conditionings = self.model.model.memory_required([2, *shape[1:]])
        return max(int((free - memory.minimum_inference_memory() - to_load) / both_conditionings), 1)

    def _sample_or_split(self, items: list[Item], progress: Progress) -> list[Outcome]:
        """The outcomes of a batch. One that fails is halved and tried again, until the failing item is alone."""
        passes = Passes(self.model, self.settings, self.paint.fill)
        try:
            latents = passes.sample(items, progress)
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
