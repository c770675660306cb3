"""Where a run's time goes: wall time of every stage, and ComfyUI's own sampling of the same batch beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

STAGES = ("detect", "masks", "crops", "VAE encode", "sampling", "VAE decode", "paste")
OWN = ("masks", "crops", "paste")
REPEATS = 3


def now() -> float:
    """Seconds, once the device has done all that it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


class StageClock:
    """An inpainter that notes the wall time of its stages. The rest of a run is the pack's own."""

    def __init__(self, inner: Any):
        self.inner = inner
        self.sizes, self.settings, self.paint, self.notes = inner.sizes, inner.settings, inner.paint, inner.notes
        self.device = inner.device
        self.seconds: dict[str, float] = dict.fromkeys(STAGES, 0.0)
        self.sampling = (0.0, 0.0)

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        return self._timed("VAE encode", self.inner.encode, pixels)

    def sample(self, jobs: Any, image: Any) -> list[torch.Tensor | Exception]:
        start = now()
        result = self._timed("sampling", self.inner.sample, jobs, image)
        self.sampling = (start, now())
        return result

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return self._timed("VAE decode", self.inner.decode, latent)

    def _timed(self, stage: str, call: Callable[..., Any], *arguments: Any) -> Any:
        start = now()
        result = call(*arguments)
        self.seconds[stage] += now() - start
        return result


def measured(
    inpainter: Any, image: torch.Tensor, look: Callable[[], Any], make_regions: Callable[[], Any]
) -> dict[str, float]:
    """Seconds of each stage of the quickest of three runs. look: what a run does to find objects in the picture."""
    from afterdetail.detailer.detail import detail
    from afterdetail.detailer.seeds import Seeds

    runs: list[dict[str, float]] = []
    for _ in range(REPEATS):
        clock, opened = StageClock(inpainter), now()
        look()
        begin = now()
        regions = make_regions()
        start = now()
        detail(image, regions, clock, Seeds(1))
        end = now()
        first, last = clock.sampling
        clock.seconds |= {
            "detect": begin - opened,
            "masks": start - begin,
            "crops": first - start - clock.seconds["VAE encode"],
            "paste": end - last - clock.seconds["VAE decode"],
        }
        runs.append(clock.seconds)
    return min(runs, key=lambda seconds: sum(seconds.values()))


def bare(inpainter: Any, count: int, width: int, height: int) -> float:
    """Seconds of ComfyUI's own sampling of a batch of latents, with one encoding and one decoding of it."""
    import comfy.sample

    settings, times = inpainter.settings, []
    for _ in range(REPEATS):
        start = now()
        latents = inpainter.vae.encode(torch.full((count, height, width, 3), 0.5))
        sampled = comfy.sample.sample(
            inpainter.model, comfy.sample.prepare_noise(latents, 1), settings.steps, settings.cfg,
            settings.sampler_name, settings.scheduler, inpainter.positive, inpainter.negative, latents,
            denoise=settings.denoise, disable_pbar=True, seed=1,
        )  # fmt: skip
        inpainter.vae.decode(sampled)
        times.append(now() - start)
    return min(times)
