"""The inpainter that runs on ComfyUI's own models, samplers and memory management."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import comfy.ldm.modules.diffusionmodules.openaimodel as unet
import comfy.model_management as memory
import comfy.sample
import torch

from ..box import Box
from ..conditioning import Conditioning, NothingHere
from ..family import ModelSizes
from ..job import Job
from ..joining import with_equal_lengths
from ..object_prompts import ObjectPrompts
from ..settings import PaintSettings, SampleSettings
from ..view import View
from . import advice
from .custom import Custom
from .differential import with_differential_mask
from .items import Item, Refiner, grouped, item_of
from .known import unknown_sampling
from .model import cell_of, decides_by_batch, misfit, refiner_misfit, sizes_of, without_given_frames
from .noise import samples_alone
from .passes import Passes
from .progress import Progress, Step
from .wording import Wording

log = logging.getLogger("afterdetail")


Sampled = torch.Tensor | Exception


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
    custom: Custom = field(default_factory=Custom)
    """A guider's model and conditionings take the place of `model`, `positive` and `negative`."""
    first_crop: advice.EncodedCrop | None = field(default=None, init=False)
    """The first crop that was encoded."""

    def __post_init__(self) -> None:
        if sentence := unknown_sampling(self.settings.sampler_name, self.settings.scheduler):
            raise ValueError(sentence)
        if self.custom.guider is not None:
            self.model = self.custom.guider.model_patcher
        if self.custom.sigmas is not None:
            self.settings = replace(self.settings, steps=len(self.custom.sigmas) - 1, denoise=1.0)
        wired = self.custom.prompts or {"positive": self.positive, "negative": self.negative}
        self.wired = without_given_frames(self.model, wired)
        self.wording = Wording(self.wired, self.model, self.clip, self.prompts)
        if sentence := misfit(self.model, self.vae):
            raise ValueError(sentence)
        if self.refiner is not None and (sentence := refiner_misfit(self.model, self.refiner.model)):
            raise ValueError(sentence)
        if self.paint.differential:
            self.model = with_differential_mask(self.model)

    @property
    def notes(self) -> list[str]:
        """What the user should know of what is wired."""
        family, reference = self.sizes.family, self.paint.reference
        asked = (
            advice.on_hole(self.model, self.wired, self.paint.inpaint_model),
            advice.on_loras(self.model, self.clip),
            advice.on_vae(self.model, self.first_crop),
            advice.on_control_pictures(self.model),
            advice.on_reference(family, self.wording) if reference == "crop" else None,
            advice.on_sigmas(self.settings) if self.custom.sigmas is not None else None,
        )
        return [sentence for sentence in asked if sentence]

    @property
    def sizes(self) -> ModelSizes:
        """The family of the model, and what the sides of a crop have to be divisible by."""
        return sizes_of(self.model, self.vae)

    @property
    def device(self) -> torch.device | None:
        """The VAE's; other packs' own VAEs may not say theirs."""
        return getattr(self.vae, "device", None)

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """[1, H, W, 3] -> latent [1, C, (T,) h, w]."""
        latent = comfy.sample.fix_empty_latent_channels(self.model, self.vae.encode(pixels))
        self.first_crop = self.first_crop or advice.EncodedCrop(pixels.cpu(), latent.cpu())
        return latent

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Latent of one crop -> [1, H, W, 3]; of a video VAE's frames the first."""
        pixels = self.vae.decode(latent)
        return pixels.reshape(-1, *pixels.shape[-3:])[:1]

    def sample(self, jobs: Sequence[Job], image: Box) -> list[Sampled]:
        """Inpaint each job's latent where its mask is 1; the outcome of each is its latent or why there is none."""
        prepared = self._prepared(jobs, image)
        outcomes: dict[int, Sampled] = {i: each for i, each in enumerate(prepared) if isinstance(each, Exception)}
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
        for job, prompts in zip(jobs, self._worded(jobs), strict=True):
            try:
                prepared.append(item_of(job, View(job.region, image, cell), prompts, refiner, self.paint.reference))
            except NothingHere as nothing:
                prepared.append(nothing)
            except Exception as error:
                log.exception("Cutting the conditioning of an object failed.")
                prepared.append(error)
        return prepared

    def _worded(self, jobs: Sequence[Job]) -> list[dict[str, Conditioning]]:
        """Each job's prompts, still of the whole image."""
        worded = [self.wording.of(job.region, job.picture) for job in jobs]
        if not self._tokens_may_repeat:
            return worded
        for name, wired in self.wired.items():
            prompts = [own[name] for own in worded]
            if name == "positive" or any(prompt is not wired for prompt in prompts):
                for own, prompt in zip(worded, with_equal_lengths(prompts), strict=True):
                    own[name] = prompt
        return worded

    @property
    def _tokens_may_repeat(self) -> bool:
        return isinstance(self.model.model.diffusion_model, unet.UNetModel)

    def _batches(self, group: Sequence[tuple[int, Item]]) -> list[Sequence[tuple[int, Item]]]:
        """A group of equals in batches of the size that was chosen, or fits."""
        _, first = group[0]
        alone = samples_alone(self._passes.sampler) or decides_by_batch(self.model) or first.is_single
        size = 1 if alone else self.settings.batch_size or self._fitting(first.job.latent.shape)
        return [group[start : start + size] for start in range(0, len(group), size)]

    def _fitting(self, shape: torch.Size) -> int:
        """How many items of one latent shape the free memory holds, by the model's own estimate."""
        to_load = self.model.model_size() - self.model.loaded_size()
        free: Any = memory.get_free_memory(self.model.load_device)
        both_conditionings = self.model.model.memory_required([2, *shape[1:]])
        return max(int((free - memory.minimum_inference_memory() - to_load) / both_conditionings), 1)

    @property
    def _passes(self) -> Passes:
        return Passes(self.model, self.settings, self.paint.fill, self.custom)

    def _sample_or_split(self, items: list[Item], progress: Progress) -> list[Sampled]:
        """The outcomes of a batch. One that fails is halved and tried again, until the failing item is alone."""
        try:
            latents = self._passes.sample(items, progress)
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
