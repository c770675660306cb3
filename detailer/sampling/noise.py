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
    f"sample_{name}{suffix}"
    for name in ("dpmpp_sde", "dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde")
    for suffix in ("", "_gpu")
)
"""ComfyUI's functions that draw their noise from a Brownian path, so that it does not depend on the step size."""

SINGLE_SAMPLERS = frozenset({"dpm_adaptive_function"})
"""Those whose step size is decided by the whole batch: one object at a time."""

NoiseSampler = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@contextmanager
def own_global_noise(seed: int = 0) -> Iterator[None]:
    """torch's process-wide generators in a state of their own, and afterwards in the one they had.

    Patches such as ToMe's and HyperTile's draw from them; which object comes first must not matter.
    """
    device = memory.get_torch_device()
    devices = [device] if device.type in ("cuda", "mps", "xpu") else []
    with torch.random.fork_rng(devices, device_type=device.type if devices else "cuda"):
        torch.manual_seed(seed)
        yield


def initial_noise(latents: Sequence[torch.Tensor], seeds: Sequence[int]) -> torch.Tensor:
    """ComfyUI's noise for each seed, from generators of their own instead of the process-wide one."""
    noises = [
        comfy.sample.prepare_noise_inner(latent, torch.Generator("cpu").manual_seed(seed))
        for latent, seed in zip(latents, seeds, strict=True)
    ]
    return torch.cat(noises)


def samples_alone(sampler: Any) -> bool:
    """Whether a SAMPLER takes one object at a time: it looks at a whole batch, or draws noise that is no object's own.

    What is not ComfyUI's may do either.
    """
    function = getattr(sampler, "sampler_function", None)
    if not isinstance(sampler, comfy.samplers.KSAMPLER) or function is None:
        return True
    is_core = function.__module__.startswith("comfy.")
    return not is_core or function.__name__ in SINGLE_SAMPLERS or "noise_sampler" in sampler.extra_options


def with_own_noise(sampler: Any, seeds: Sequence[int], latent: torch.Tensor, sigmas: torch.Tensor) -> Any:
    """A SAMPLER that draws for every item of the batch the noise that it draws for that seed alone.

    The re-noising of the kept area, which "ddim" alone draws anew for the whole batch, uses each item's first noise.
    A sampler that is not ComfyUI's draws as it does.
    """
    if not isinstance(sampler, comfy.samplers.KSAMPLER):
        return sampler
    options, function = dict(sampler.extra_options), sampler.sampler_function
    takes_noise = "noise_sampler" in inspect.signature(function).parameters and "noise_sampler" not in options
    if takes_noise and len(sigmas) > 1:
        own = _noise_sampler(function.__name__, seeds, latent.to(sigmas.device, torch.float32), sigmas)
        options["noise_sampler"] = own
    return comfy.samplers.KSAMPLER(function, options)


def _noise_sampler(function: str, seeds: Sequence[int], x: torch.Tensor, sigmas: torch.Tensor) -> NoiseSampler:
    if function in BROWNIAN_SAMPLERS:
        low, high = sigmas[sigmas > 0].min(), sigmas.max()
        on_cpu = not function.endswith("_gpu")
        return k_diffusion.BrownianTreeNoiseSampler(x, low, high, seed=list(seeds), cpu=on_cpu)
    streams = [k_diffusion.default_noise_sampler(item, seed=seed) for item, seed in zip(x.split(1), seeds, strict=True)]
    return lambda sigma, sigma_next: torch.cat([stream(sigma, sigma_next) for stream in streams])
