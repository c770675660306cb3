"""Differential diffusion: a soft mask decides for each cell from which step on it is repainted.

E. Levin and O. Fried, "Differential Diffusion: Giving Each Pixel Its Strength" (2023).
"""

from __future__ import annotations

from typing import Any

import torch


def with_differential_mask(model: Any) -> Any:
    """A clone of a MODEL whose noise mask is thresholded anew at each step."""
    clone = model.clone()
    clone.set_model_denoise_mask_function(_threshold)
    return clone


def _threshold(sigma: torch.Tensor, denoise_mask: torch.Tensor, extra_options: dict[str, Any]) -> torch.Tensor:
    """1 where the mask is at least the share of the noise range that is still ahead, else 0."""
    sigmas, sampling = extra_options["sigmas"], extra_options["model"].inner_model.model_sampling
    first, last = sigmas[0], max(sigmas[-1], sampling.sigma_min)
    start, end, now = (sampling.timestep(value) for value in (first, last, sigma[0]))
    return (denoise_mask >= (now - end) / (start - end)).to(denoise_mask.dtype)
