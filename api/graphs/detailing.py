"""Detail what a detector finds, as in the workflow detail-faces-sd15."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .builder import Builder, Built, Checking, Link
from .models import Assets, RefinerLinks, load
from .text_encoding import Words, encode, styled


@dataclass(frozen=True)
class Detailing:
    """What After Detailer is asked for: `image` is LoadImage's name, `widgets` are the node's own.

    The `refiner` takes over after `high_noise_frac` of the steps.
    """

    image: str
    widgets: Mapping[str, Any]
    refiner: str | None = None
    high_noise_frac: float = 0.8
    samples: int = 1


def detail(assets: Assets, words: Words, detailing: Detailing, checking: Checking | None) -> Built:
    """A graph that details one picture, as often as there are samples."""
    build = Builder(checking)
    image: Link = build.add("LoadImage", "Picture to repair", image=detailing.image).out()
    loaded = load(build, assets)
    texts = styled(build, words)
    conditioning = encode(build, loaded.clip, texts)
    optional: dict[str, Any] = {}
    if detailing.refiner:
        refiner = build.add("CheckpointLoaderSimple", "SDXL refiner", ckpt_name=detailing.refiner)
        links = RefinerLinks(refiner.out(0), encode(build, refiner.out(1), texts))
        optional |= links.inputs(detailing.high_noise_frac)
    if safety := build.safety(image):
        optional["safety"] = safety.out(3)
    if detailing.samples > 1:
        image = build.add("RepeatImageBatch", "How many results", image=image, amount=detailing.samples).out()
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
        **detailing.widgets,
        **optional,
    )
    return Built(build.graph, build.show(detailer.out(), check=False), detailer.id)
