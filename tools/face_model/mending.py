"""What the UNet learns: to mend, not only to denoise.

A sampler that starts at noise level S from a broken latent b carries, at a lower level s, the remainder
(s / S) (b - z) of the breakage beside its noise. So the network is shown x = z + (s / S) (b - z) + s e and asked for
the clean z, for random S; a tenth of the batch has no breakage and any level. The idea is that of Delbracio and
Milanfar, "Inversion by Direct Iteration" (2023).
"""

from __future__ import annotations

from typing import NamedTuple

import torch

UNBROKEN = 0.1
TIMESTEPS = 1000


class Example(NamedTuple):
    """Latents with breakage and noise [B, 4, h, w], their timesteps [B], and what is to be predicted of them."""

    noisy: torch.Tensor
    timesteps: torch.Tensor
    wanted: torch.Tensor


def example(pairs: torch.Tensor, alphas: torch.Tensor, count: int, cells: int, first: tuple[int, int]) -> Example:
    """A random batch of pairs [2, N, 4, h, w], unbroken and broken, in the latent format's own scale.

    cells: side of the latents shown. first: timesteps at which a repair may start, the lowest and the highest.
    """
    device = pairs.device
    chosen = torch.randint(pairs.shape[1], (count,), device=device)
    top, left = torch.randint(pairs.shape[-1] - cells + 1, (2,)).tolist()
    clean, broken = pairs[:, chosen, :, top : top + cells, left : left + cells].float()

    start = torch.rand(count, device=device) * (first[1] - first[0]) + first[0]
    unbroken = torch.rand(count, device=device) < UNBROKEN
    later = start * torch.rand(count, device=device) ** 0.8
    timesteps = torch.where(unbroken, torch.rand(count, device=device) * TIMESTEPS, later).long()

    sigmas = ((1 - alphas) / alphas).sqrt()
    remainder = torch.where(unbroken, 0.0, sigmas[timesteps] / sigmas[start.long()])[:, None, None, None]
    kept, noise = alphas[timesteps].sqrt()[:, None, None, None], (1 - alphas[timesteps]).sqrt()[:, None, None, None]
    noisy = kept * torch.lerp(clean, broken, remainder) + noise * torch.randn_like(clean)
    return Example(noisy, timesteps, (noisy - kept * clean) / noise)


def alphas_cumprod() -> torch.Tensor:
    """Stable Diffusion's schedule: 1000 betas, linear in their roots from 0.00085 to 0.012."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, TIMESTEPS, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0).float()
