"""Sampling one batch of items: the passes over it, and in each the model and then the refiner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import comfy.model_management as memory
import comfy.samplers
import torch

from ..conditioning import Conditioning
from ..joining import batched
from ..settings import Fill, SampleSettings
from .custom import Custom, guided, schedule_of_pass
from .items import Item, common_label
from .noise import initial_noise, own_global_noise, samples_alone, with_own_noise
from .progress import Progress


@dataclass(frozen=True)
class Passes:
    """Samples batches by a MODEL."""

    model: Any
    settings: SampleSettings
    fill: Fill
    custom: Custom = field(default_factory=Custom)

    @property
    def sampler(self) -> Any:
        """The SAMPLER that is wired, or else the one of the name."""
        wired = self.custom.sampler
        return comfy.samplers.sampler_object(self.settings.sampler_name) if wired is None else wired

    def sample(self, items: list[Item], progress: Progress) -> torch.Tensor:
        """The latents [B, C, (T,) h, w] after all passes.

        Each pass after the first starts from the last one's latents at half its denoise, or half of wired sigmas.
        """
        latent = torch.cat([item.job.latent for item in items])
        for number in range(self.settings.passes):
            seeds = [(item.job.seed + number) % (1 << 64) for item in items]
            mask = torch.cat([item.job.mask for item in items])
            callback = progress.callback(len(items), number * self.settings.steps, common_label(items))
            latent = self._pass(_Pass(items, seeds, number, mask, callback), latent)
        return latent

    def _pass(self, run: _Pass, latent: torch.Tensor) -> torch.Tensor:
        start = self._filled(run, latent) if run.number == 0 else latent
        noise = initial_noise(start.split(1), run.seeds) * self.settings.noise_multiplier
        sigmas = self._sigmas(run)
        split = round((len(sigmas) - 1) * self.settings.high_noise_frac)
        refiners = [item.refiner for item in run.items if item.refiner is not None]
        base = _Stage(self.model, [item.prompts for item in run.items], self.custom.guider)
        if not refiners or split == len(sigmas) - 1:  # with few steps, a large share is all of them
            return self._stage(base, run, noise, start, sigmas)
        refine = _Stage(refiners[0].model, [{"positive": r.positive, "negative": r.negative} for r in refiners])
        if split == 0:
            return self._stage(refine, run, noise, start, sigmas)
        halfway = self._stage(base, run, noise, start, sigmas[: split + 1])
        leftover = _noise_between(refine.model, start, halfway, sigmas[split])
        rest = run._replace(callback=_after(run.callback, split))
        return self._stage(refine, rest, leftover, start, sigmas[split:])

    def _stage(
        self, stage: _Stage, run: _Pass, noise: torch.Tensor, latent: torch.Tensor, sigmas: torch.Tensor
    ) -> torch.Tensor:
        seeds, names = run.seeds, stage.prompts[0]
        prompts = {name: batched([own[name] for own in stage.prompts]) for name in names}
        guider = guided(stage.model, prompts, self.settings.cfg, stage.guider)
        sampler = with_own_noise(self.sampler, seeds, latent, sigmas)
        drawn = seeds[0] % (1 << 63) if self.custom.sampler is not None and samples_alone(self.sampler) else 0
        with own_global_noise(drawn):
            sampled = guider.sample(
                noise,
                latent,
                sampler,
                sigmas,
                denoise_mask=run.mask,
                callback=run.callback,
                disable_pbar=True,
                seed=seeds[0],
            )
        return sampled.to(memory.intermediate_device(), memory.intermediate_dtype())

    def _sigmas(self, run: _Pass) -> torch.Tensor:
        """The noise levels of one pass, on the model's device, which is where samplers draw noise.

        ValueError where a scheduler's formula has none, as kl_optimal's for 1 step.
        """
        if self.custom.sigmas is not None:
            return schedule_of_pass(self.custom.sigmas, run.number).to(self.model.load_device)
        sigmas = comfy.samplers.KSampler(
            self.model,
            self.settings.steps,
            self.model.load_device,
            sampler=self.settings.sampler_name,
            scheduler=self.settings.scheduler,
            denoise=run.items[0].job.denoise / 2**run.number,
            model_options=self.model.model_options,
        ).sigmas
        if not bool(sigmas.isfinite().all()):
            steps, scheduler = self.settings.steps, self.settings.scheduler
            raise ValueError(
                f"{scheduler} has no noise levels for steps {steps}: use more steps, or another scheduler."
            )
        return sigmas

    def _filled(self, run: _Pass, latent: torch.Tensor) -> torch.Tensor:
        """The latents with nothing, or noise, where the mask is; the other fills are done on the pixels."""
        if self.fill == "latent nothing":
            content = torch.zeros_like(latent)
        elif self.fill == "latent noise":
            # A seed of its own, so that it is not the noise that is then added to it.
            content = initial_noise(latent.split(1), [(seed ^ (1 << 31)) for seed in run.seeds])
        else:
            return latent
        latent_format = self.model.get_model_object("latent_format")
        return torch.where(run.mask > 0, latent_format.process_out(content.to(latent.device)), latent)


class _Pass(NamedTuple):
    items: list[Item]
    """Of one denoise."""
    seeds: list[int]
    number: int
    """0 for the first."""
    mask: torch.Tensor
    """[B, 1, (1,) h, w], 1 where the latents are to be repainted."""
    callback: Callable
    """The sampler's, called at every step."""


class _Stage(NamedTuple):
    """A model with the conditionings of every item of the batch, and who guides it where that is wired."""

    model: Any
    prompts: Sequence[Mapping[str, Conditioning]]
    guider: Any = None


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
