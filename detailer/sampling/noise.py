"""Noise that belongs to an object, not to its place in a batch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import comfy.k_diffusion.sampling as k_diffusion
import comfy.model_management as memory
import comfy.sample
import comfy.samplers
import torch

BROWNIAN_SAMPLERS = frozenset(
    name + suffix
    for name in ("dpmpp_sde", "dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde")
    for suffix in ("", "_gpu")
)
"""Samplers that draw their noise from a Brownian path, so that it does not depend on the step size."""

SINGLE_SAMPLERS = frozenset({"dpm_adaptive"})
"""Samplers whose step size is decided by the whole batch: one object at a time."""

NoiseSampler = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@contextmanager
def own_global_noise() -> Iterator[None]:
    """torch's process-wide generators in one and the same state, and afterwards in the one they had.

    Patches such as ToMe's and HyperTile's draw from them; which object comes first must not matter.
    """
    device = memory.get_torch_device()
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        yield


def initial_noise(latents: Sequence[torch.Tensor], seeds: Sequence[int]) -> torch.Tensor:
    """ComfyUI's noise for each seed, from generators of their own instead of the process-wide one."""
    noises = [
        comfy.sample.prepare_noise_inner(latent, torch.Generator("cpu").manual_seed(seed))
        for latent, seed in zip(latents, seeds, strict=True)
    ]
    return torch.cat(noises)


def sampler_with_own_noise(name: str, seeds: Sequence[int], latent: torch.Tensor, sigmas: torch.Tensor) -> Any:
    """ComfyUI's sampler `name`, drawing for every item of the batch the noise that it draws for that seed alone.

    The re-noising of the kept area, which "ddim" alone draws anew for the whole batch, uses each item's first noise.
    """
    sampler = comfy.samplers.sampler_object(name)
    options = dict(sampler.extra_options)
    if "noise_sampler" in inspect.signature(sampler.sampler_function).parameters and len(sigmas) > 1:
        options["noise_sampler"] = _noise_sampler(name, seeds, latent.to(sigmas.device, torch.float32), sigmas)
    return comfy.samplers.KSAMPLER(sampler.sampler_function, options)


def _noise_sampler(name: str, seeds: Sequence[int], x: torch.Tensor, sigmas: torch.Tensor) -> NoiseSampler:
    if name in BROWNIAN_SAMPLERS:
        low, high = sigmas[sigmas > 0].min(), sigmas.max()
        return k_diffusion.BrownianTreeNoiseSampler(x, low, high, seed=list(seeds), cpu=not name.endswith("_gpu"))
    streams = [k_diffusion.default_noise_sampler(item, seed=seed) for item, seed in zip(x.split(1), seeds, strict=True)]
    return lambda sigma, sigma_next: torch.cat([stream(sigma, sigma_next) for stream in streams])
