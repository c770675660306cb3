"""Jobs with the conditionings that each is sampled by."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from node_helpers import conditioning_set_values

from ..conditioning import Conditioning, cropped, without_limits
from ..job import Job
from ..joining import signature
from ..reference import with_crop, with_references
from ..settings import Reference
from ..view import View


class Refiner(NamedTuple):
    """The model of the last steps and its own conditionings."""

    model: Any
    positive: Conditioning
    negative: Conditioning


@dataclass(frozen=True, eq=False)
class Item:
    """A job with its conditionings, cut to its window."""

    job: Job
    prompts: Mapping[str, Conditioning]
    """By the names that the guider has for them: positive, negative."""
    refiner: Refiner | None

    @property
    def group(self) -> Hashable:
        """What items have to share to be sampled together."""
        refined = self.refiner and (signature(self.refiner.positive), signature(self.refiner.negative))
        prompts = tuple(map(signature, self.prompts.values()))
        return self.job.latent.shape, self.job.denoise, prompts, refined

    @property
    def is_single(self) -> bool:
        """Whether it has to be sampled alone: unCLIP noises its pictures by the first seed of a batch."""
        entries = [options for prompt in self.prompts.values() for _, options in prompt]
        pictures = [picture for options in entries for picture in options.get("unclip_conditioning", ())]
        return any(picture.get("noise_augmentation", 0) > 0 for picture in pictures)


def item_of(
    job: Job, view: View, wired: Mapping[str, Conditioning], refiner: Refiner | None, reference: Reference
) -> Item:
    """The job's item; NothingHere if one of the conditionings has nothing in its window."""
    if refiner is not None:
        model, *theirs = refiner
        refiner = Refiner(model, *(cropped(prompt, view) for prompt in theirs))
    cut = {name: cropped(with_references(prompt, reference, view), view) for name, prompt in wired.items()}
    prompts = {name: with_crop(_with_hole(prompt, job), job.reference) for name, prompt in cut.items()}
    return Item(job, prompts, refiner)


def grouped(items: Sequence[Item]) -> list[list[int]]:
    """The places of those that can be sampled together."""
    groups: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(item.group, []).append(index)
    return list(groups.values())


def common_label(items: Sequence[Item]) -> str:
    """What the detector calls them, if it is the same for all."""
    labels = {member.label for item in items for member in item.job.region.members}
    return labels.pop() if len(labels) == 1 else "object"


def reworded(wired: Conditioning, encoded: Conditioning) -> Conditioning:
    """A new prompt for the whole window, with what the wired one holds besides words: ControlNets, sizes."""
    options = without_limits(wired[0][1]) if wired else {}
    return [[tensor, {**options, **new}] for tensor, new in encoded]


def _with_hole(conditioning: Conditioning, job: Job) -> Conditioning:
    """An inpaint checkpoint sees the crop with a hole, and where the hole is."""
    if job.hole is None:
        return conditioning
    return conditioning_set_values(conditioning, {"concat_latent_image": job.hole, "concat_mask": job.hole_mask})
