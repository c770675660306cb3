"""How well broken faces are repaired by the small model, with several settings and beside two other ways of working.

QUALITY_FACES and QUALITY_SEEDS set how many held-out faces there are, and with how many seeds each is broken and
repaired. The networks run in bfloat16 where the CPU has it: that costs 0.02 dB and takes half the time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detections
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.settings import FitSettings, KeepSettings, MaskSettings, PaintSettings, SampleSettings
from PIL import Image
from quality_figures import Figures, Measure
from quality_scenes import Scene, scenes
from reference_ways import dense_feather, fixed_square
from rig import nano
from rig.comfyui import ROOT
from rig.judge import Judge
from rig.make import TRAINED

FACES, SEEDS = int(os.environ.get("QUALITY_FACES", 40)), int(os.environ.get("QUALITY_SEEDS", 3))
STEPS = 8
BEST = 0.04
"""The denoise at which this model mends; a model for all pictures wants more."""
KEPT = ROOT / ".run" / "quality"
PICTURES = Path(__file__).with_name("quality.jpg")
SHOWN = 8
"""Faces of the picture, spread over all."""

Repaired = tuple[torch.Tensor, torch.Tensor]  # image [1, H, W, 3], alpha [H, W]


class Way(NamedTuple):
    """A line of the table, and how it repairs a scene with an inpainter factory and a seed."""

    name: str
    repair: Callable[[Scene, Workshop, int], Repaired]
    is_shown: bool = False


def halved() -> torch.autocast:
    """For what the networks do; the pack's own arithmetic stays in float32."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported())


class Quick:
    """An inpainter whose networks run in bfloat16; one that paints nothing shows what the way through the VAE costs."""

    def __init__(self, inner: Any, paints: bool, latents: dict[bytes, torch.Tensor]):
        self.inner, self.paints, self.latents = inner, paints, latents
        self.sizes, self.settings, self.paint, self.notes = inner.sizes, inner.settings, inner.paint, inner.notes
        self.device = inner.device

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        crop = pixels.numpy().tobytes()
        if crop not in self.latents:  # most lines cut the same window
            with halved():
                self.latents[crop] = self.inner.encode(pixels).float()
        return self.latents[crop]

    def sample(self, jobs: Sequence[Any], image: Box) -> list[Any]:
        if not self.paints:
            return [job.latent for job in jobs]
        with halved():
            return self.inner.sample(jobs, image)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        with halved():
            return self.inner.decode(latent).float()


class Workshop:
    """The small model."""

    def __init__(self):
        self.models = nano.load("face-sd15")
        self.prompt = self.models.prompt("a face")
        self.models.vae.first_stage_model.to(memory_format=torch.channels_last)
        self.latents: dict[bytes, torch.Tensor] = {}

    def inpainter(self, denoise: float, paint: PaintSettings | None = None) -> Quick:
        from afterdetail.detailer.sampling import ComfyInpainter

        settings = SampleSettings(steps=STEPS, cfg=1.0, denoise=denoise or 0.01)
        models = self.models
        inner = ComfyInpainter(models.model, self.prompt, self.prompt, models.vae, settings, paint or PaintSettings())
        return Quick(inner, denoise > 0, self.latents)

    def repaint(self, denoise: float, seed: int) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        """ComfyUI's own way with a crop: encode, sample under the mask, decode."""
        import comfy.sample
        import torch.nn.functional as F

        models = self.models

        @halved()
        def run(crop: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            latent = models.vae.encode(crop)
            if denoise == 0:
                return models.vae.decode(latent).float()
            cells = F.interpolate(mask, latent.shape[-2:], mode="bilinear").round()
            noise = comfy.sample.prepare_noise(latent, seed)
            sampled = comfy.sample.sample(
                models.model, noise, STEPS, 1.0, "euler", "normal", self.prompt, self.prompt, latent,
                denoise=denoise, noise_mask=cells, disable_pbar=True, seed=seed,
            )  # fmt: skip
            return models.vae.decode(sampled).float()

        return run


class Lossless(Quick):
    """With a VAE that gives back the very crop it was given last."""

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        self.crop = pixels
        return super().encode(pixels)

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return self.crop


def repaired(
    images: torch.Tensor,
    found: Detections,
    inpainter: Quick,
    seed: int,
    masks: MaskSettings | None = None,
    keep: KeepSettings | None = None,
) -> Repaired:
    """By After Detailer; the first image of the batch, and its alpha, of the mask alone where nothing was pasted."""
    from afterdetail.detailer.detail import Checks, detail
    from afterdetail.detailer.seeds import Seeds
    from afterdetail.detectors.observer import observe

    regions = make_regions(found, masks or MaskSettings(), FitSettings(base_model="sd15"))
    done = detail(images, regions, inpainter, Seeds(seed), Checks(None, keep or KeepSettings(), observe))
    return done.image[:1], regions.items[0].alpha.on(regions.image)


def pack(denoise: float, paint: PaintSettings | None = None, **masks: int) -> Callable[..., Repaired]:
    """After Detailer with its defaults but for these."""
    settings = replace(MaskSettings(), **masks)

    def repair(scene: Scene, workshop: Workshop, seed: int) -> Repaired:
        return repaired(scene.broken, scene.detections, workshop.inpainter(denoise, paint), seed, settings)

    return repair


def kept(denoise: float) -> Callable[..., Repaired]:
    """After Detailer with its defaults, but that what is no better is tried three times more and then left alone."""

    def repair(scene: Scene, workshop: Workshop, seed: int) -> Repaired:
        inpainter = workshop.inpainter(denoise)
        return repaired(scene.broken, scene.detections, inpainter, seed, keep=KeepSettings("if better", 3))

    return repair


def together(denoise: float) -> Callable[..., Repaired]:
    """After Detailer with its defaults on a batch: the scene's picture and its mirror image."""

    def repair(scene: Scene, workshop: Workshop, seed: int) -> Repaired:
        both = (scene, scene.mirrored())
        found = scene.detections.with_images(image for each in both for image in each.detections.images)
        return repaired(torch.cat([each.broken for each in both]), found, workshop.inpainter(denoise), seed)

    return repair


def vae_alone(scene: Scene, workshop: Workshop, seed: int) -> Repaired:
    """The picture with what the VAE changes in the crop, and nothing of what cutting, resizing and pasting change."""
    through, alpha = repaired(scene.broken, scene.detections, workshop.inpainter(0), seed)
    around, _ = repaired(scene.broken, scene.detections, Lossless(workshop.inpainter(0).inner, False, {}), seed)
    return (scene.broken + through - around).clamp(0, 1), alpha


def reference(way: Callable, denoise: float) -> Callable[..., Repaired]:
    return lambda scene, workshop, seed: way(scene.broken, scene.face, workshop.repaint(denoise, seed))


def nothing(scene: Scene, workshop: Workshop, seed: int) -> Repaired:
    regions = make_regions(scene.detections, MaskSettings(), FitSettings(base_model="sd15"))
    return scene.broken, regions.items[0].alpha.on(regions.image)


WAYS = (
    Way("broken, nothing done", nothing, is_shown=True),
    Way(f"denoise {BEST}", pack(BEST), is_shown=True),
    Way("denoise 0.12", pack(0.12)),
    Way("denoise 0.3", pack(0.3)),
    Way("denoise 0.4", pack(0.4)),
    Way("After Detailer's defaults (denoise 0.5)", pack(0.5)),
    Way("denoise 0.6", pack(0.6)),
    Way(f"denoise {BEST}, differential", pack(BEST, PaintSettings(differential=True))),
    Way(f"denoise {BEST}, color_match 1", pack(BEST, PaintSettings(color_match=1.0))),
    Way(f"denoise {BEST}, mask_blur 0", pack(BEST, mask_blur=0)),
    Way(f"denoise {BEST}, mask_blur 12", pack(BEST, mask_blur=12)),
    Way(f"denoise {BEST}, mask_padding 8", pack(BEST, mask_padding=8)),
    Way(f"denoise {BEST}, mask_padding 96", pack(BEST, mask_padding=96)),
    Way(f"denoise {BEST}, blend seamless", pack(BEST, PaintSettings(blend="seamless"))),
    Way(f"denoise {BEST}, grain 1", pack(BEST, PaintSettings(grain=1.0))),
    Way(f"denoise {BEST}, two pictures together", together(BEST)),
    Way(f"denoise {BEST}, keep if better, retries 3", kept(BEST)),
    Way("denoise 0.5, keep if better, retries 3", kept(0.5)),
    Way(f"8-bit Lanczos, dense feather, denoise {BEST}", reference(dense_feather, BEST), is_shown=True),
    Way(f"8-bit square of 512 px, denoise {BEST}", reference(fixed_square, BEST), is_shown=True),
)
PERFECT = (
    Way("the VAE's own loss", vae_alone),
    Way("After Detailer", pack(0)),
    Way("8-bit Lanczos, dense feather", reference(dense_feather, 0)),
    Way("8-bit square of 512 px", reference(fixed_square, 0)),
)
HEADER = (
    "| {what} | PSNR | SSIM | landmarks | found | score | seam | ring, dE | grain | outside |\n|---" + "|---" * 9 + "|"
)


def line(name: str, several: list[Figures]) -> str:
    mean = Figures.mean(several)
    cells = [
        *(f"{mean.psnr:.2f} dB", f"{mean.ssim:.3f}", f"{mean.landmarks:.3f}", f"{mean.found:.0%}", f"{mean.score:.2f}"),
        *(f"{mean.seam:.2f}", f"{mean.lab:.2f}", f"{mean.grain:.2f}", f"{mean.outside:.0f}"),
    ]
    return f"| {name} | " + " | ".join(cells) + " |"


def table(what: str, figures: dict[str, list[Figures]]) -> str:
    return "\n".join([HEADER.format(what=what), *(line(name, several) for name, several in figures.items())])


def judged(workshop: Workshop, judge: Judge, scene: Scene, known: dict[str, Any]) -> dict[str, Any]:
    """Figures of every line by its name, for the face broken and unbroken, and a strip of pictures.

    Of `known` lines nothing is done again, as long as no picture of them is wanted.
    """
    measure, whole = Measure(judge, scene), scene._replace(broken=scene.unbroken)
    workshop.latents.clear()
    strip = known.get("strip")
    wanted = [way for way in WAYS if way.name not in known.get("broken", {}) or (way.is_shown and not strip)]
    repaired = {way: way.repair(scene, workshop, scene.seed) for way in wanted}
    shown = [scene.unbroken, *(image for way, (image, _) in repaired.items() if way.is_shown)]
    unhurt = Measure(judge, whole)
    good = [way for way in PERFECT if way.name not in known.get("good", {})]
    return {
        "broken": known.get("broken", {}) | {way.name: asdict(measure(*result)) for way, result in repaired.items()},
        "good": known.get("good", {})
        | {way.name: asdict(unhurt(*way.repair(whole, workshop, scene.seed))) for way in good},
        "strip": strip or np.concatenate([cut(image, scene) for image in shown], 1).tolist(),
    }


def measured() -> list[dict[str, Any]]:
    """`judged` of every scene. Each is kept, so that a run that was stopped goes on; the same weights give the same."""
    KEPT.mkdir(parents=True, exist_ok=True)
    version = hashlib.sha256(TRAINED.read_bytes()).hexdigest()[:12]
    workshop, judge, results = Workshop(), Judge(), []
    for number, scene in enumerate(scenes(FACES, SEEDS), start=1):
        file = KEPT / f"{version} {scene.name}.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        if not {way.name for way in (*WAYS, *PERFECT)} <= {*known.get("broken", {}), *known.get("good", {})}:
            known = judged(workshop, judge, scene, known)
            file.write_text(json.dumps(known))
        results.append(known)
        print(f"{number} of {FACES * SEEDS}", file=sys.stderr, flush=True)
    return results


def gathered(results: list[dict[str, Any]], part: str) -> dict[str, list[Figures]]:
    """Of all scenes, by the line."""
    ways = WAYS if part == "broken" else PERFECT
    return {way.name: [Figures(**result[part][way.name]) for result in results] for way in ways}


def cut(image: torch.Tensor, scene: Scene, side: int = 160) -> np.ndarray:
    """The face with a little around it, [side, side, 3]."""
    reach = max(scene.face.width, scene.face.height) * 7 // 8
    x, y = (scene.face.x0 + scene.face.x1) // 2, (scene.face.y0 + scene.face.y1) // 2
    picture = Image.fromarray((image[0] * 255).round().byte().numpy())
    part = picture.crop((x - reach, y - reach, x + reach, y + reach))
    return np.asarray(part.resize((side, side), Image.Resampling.BICUBIC))


def main() -> None:
    with torch.inference_mode():
        results = measured()
    strips = [np.uint8(result["strip"]) for result in results[:: max(len(results) // SHOWN, 1)][:SHOWN]]
    Image.fromarray(np.concatenate(strips)).save(PICTURES, quality=88, optimize=True)
    print(f"{len(results)} repairs of {len(results) // SEEDS} faces; {STEPS} steps of euler, cfg 1.\n")
    print(table("broken faces", gathered(results, "broken")) + "\n")
    print(table("good faces, nothing repainted", gathered(results, "good")))
    nano.unload()


if __name__ == "__main__":
    main()
