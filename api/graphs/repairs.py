"""Pictures, and After Detailer's passes over each of them, one behind the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .builder import Builder, Built, Checking, Link
from .generating import Generation, batch, made
from .models import Assets, Loads
from .text_encoding import Conditioning, Words, encode, styled

LAST_OBJECT = 63
"""Objects after this one get seeds of the node's own making."""


class ObjectRange(NamedTuple):
    """What the objects from `first` to `last` are painted with."""

    first: int
    last: int
    assets: Assets
    words: Words


@dataclass(frozen=True)
class Pass:
    """The widgets of the nodes that detect, mask and paint, and the objects' parts."""

    detecting: Mapping[str, Any]
    masking: Mapping[str, Any]
    painting: Mapping[str, Any]
    parts: tuple[ObjectRange, ...]


class Repairs:
    """Adds passes to a graph; each prompt is encoded once."""

    def __init__(self, build: Builder, loads: Loads):
        self._build, self._loads = build, loads
        self._encoded: dict[tuple[Assets, Words], Conditioning] = {}

    def passed(self, image: Link, settings: Pass, seed: int) -> Link:
        """`image` after a pass. Object `n` has the seed `seed` + n; each part sees what the parts before it painted."""
        found = self._build.add("AfterDetailDetect", "What to repair", image=image, **settings.detecting).out()
        for part in settings.parts:
            regions = self._build.add(
                "AfterDetailRegions",
                "Masks and windows",
                image=image,
                detections=found,
                pick=f"{part.first}-{part.last}",
                **settings.masking,
            ).out()
            image = self._painted(image, regions, part, settings, seed)
        return image

    def _painted(self, image: Link, regions: Link, part: ObjectRange, settings: Pass, seed: int) -> Link:
        loaded = self._loads.of(part.assets)
        return self._build.add(
            "AfterDetailInpaint",
            "Repair",
            image=image,
            regions=regions,
            model=loaded.model,
            vae=loaded.vae,
            **self._words(part)._asdict(),
            seed=seed,
            seeds=", ".join(str(seed + max(place, part.first)) for place in range(LAST_OBJECT + 1)),
            **settings.painting,
        ).out()

    def _words(self, part: ObjectRange) -> Conditioning:
        key = part.assets, part.words
        if key not in self._encoded:
            clip = self._loads.of(part.assets).clip
            self._encoded[key] = encode(self._build, clip, styled(self._build, part.words))
        return self._encoded[key]


def generate_and_repair(
    chosen: tuple[Assets, Words], generation: Generation, passes: Sequence[Pass], checking: Checking | None
) -> Built:
    """Pictures, each with its own seed, also in all passes."""
    build = Builder(checking)
    loads = Loads(build)
    return _repaired(build, loads, made(build, loads, chosen, generation), generation.seeds, passes)


def repair(image: str, seeds: Sequence[int], passes: Sequence[Pass], checking: Checking | None) -> Built:
    """One picture, LoadImage's name of it, as it is but for the passes: once for each seed."""
    build = Builder(checking)
    loaded = build.add("LoadImage", "Picture to repair", image=image).out()
    return _repaired(build, Loads(build), [loaded] * len(seeds), seeds, passes)


def _repaired(
    build: Builder, loads: Loads, images: Sequence[Link], seeds: Sequence[int], passes: Sequence[Pass]
) -> Built:
    repairs = Repairs(build, loads)
    done: list[Link] = []
    for image, seed in zip(images, seeds, strict=True):
        for settings in passes:
            image = repairs.passed(image, settings, seed)
        done.append(image)
    return Built(build.graph, build.show(batch(build, done, "All pictures")))
