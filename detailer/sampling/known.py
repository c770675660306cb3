"""Which samplers and schedulers this ComfyUI has."""

from __future__ import annotations

from comfy.samplers import KSampler

from ..names import nearest


def unknown_sampling(sampler_name: str | None, scheduler: str | None) -> str | None:
    """A sentence for a sampler or scheduler that ComfyUI does not have; None, as from a linked input, is let pass."""
    return nearest("sampler_name", sampler_name, KSampler.SAMPLERS) or nearest(
        "scheduler", scheduler, KSampler.SCHEDULERS
    )
