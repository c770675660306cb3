"""Detail what a detector finds, as in the workflow detail-faces-sd15."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...detailer.family import HostedFamily
from .builder import Builder, Built, Checking, Link
from .models import Assets, Sampling, load
from .prompts import Words, encode, styled


@dataclass(frozen=True)
class Detailing:
    """What After Detailer is asked for. `image` is LoadImage's name; `seeds` go to the objects one by one."""

    image: str
    base_model: HostedFamily
    detector: str
    sampling: Sampling
    denoise: float
    seed: int
    seeds: tuple[int, ...] = ()
    confidence: float = 0.3
    max_num_detections: int = 0
    mask_dilation: int = 4
    mask_blur: int = 4
    mask_padding: int = 32
    union_masks: bool = False
    refiner: str | None = None
    high_noise_frac: float = 0.8
    passes: int = 1
    upscale: float = 1.0
    samples: int = 1

    def widgets(self) -> dict[str, Any]:
        names = (
            "base_model detector denoise seed confidence max_num_detections mask_dilation mask_blur mask_padding "
            "union_masks passes upscale"
        )
        seeds = ", ".join(map(str, self.seeds))
        return {name: getattr(self, name) for name in names.split()} | self.sampling.inputs() | {"seeds": seeds}


def detail(assets: Assets, words: Words, wish: Detailing, checking: Checking | None) -> Built:
    build = Builder(checking)
    image: Link = build.add("LoadImage", "Picture to repair", image=wish.image).out()
    loaded = load(build, assets)
    texts = styled(build, words)
    conditioning = encode(build, loaded.clip, texts)
    optional: dict[str, Any] = {}
    if wish.refiner:
        refiner = build.add("CheckpointLoaderSimple", "SDXL refiner", ckpt_name=wish.refiner)
        refined = encode(build, refiner.out(1), texts)
        optional |= {
            "refiner_model": refiner.out(0),
            "refiner_positive": refined.positive,
            "refiner_negative": refined.negative,
            "high_noise_frac": wish.high_noise_frac,
        }
    if safety := build.safety(image):
        optional["safety"] = safety.out(3)
    if wish.samples > 1:
        image = build.add("RepeatImageBatch", "How many results", image=image, amount=wish.samples).out()
    detailer = build.add(
        "AfterDetail",
        "After Detailer",
        image=image,
        model=loaded.model,
        positive=conditioning.positive,
        negative=conditioning.negative,
        vae=loaded.vae,
        resolution="auto",
        batch_size=0,
        **wish.widgets(),
        **optional,
    )
    return Built(build.graph, build.show(detailer.out(), check=False), detailer.id)
