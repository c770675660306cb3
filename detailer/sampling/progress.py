"""One progress bar over the steps of all objects, and word of which of them are sampled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import comfy.model_management as memory
import comfy.utils
import latent_preview
import torch


class Step(NamedTuple):
    """Which objects of a run are sampled, counted from 1, and at which of their steps they are.

    `label` is what the detector calls them.
    """

    label: str
    first: int
    last: int
    count: int
    step: int
    steps: int

    def __str__(self) -> str:
        which = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.label} {which} of {self.count}, step {self.step}/{self.steps}"


class Progress:
    """Counts the steps of `objects` objects with `steps` steps each."""

    def __init__(self, model: Any, objects: int, steps: int, on_progress: Callable[[Step], None]) -> None:
        self.objects, self.steps, self.done, self.on_progress = objects, steps, 0, on_progress
        self.bar = comfy.utils.ProgressBar(objects * steps)
        self.previewer = latent_preview.get_previewer(model.load_device, model.model.latent_format)

    def finished(self, objects: int) -> None:
        """That so many more objects are through."""
        self.done += objects
        self.bar.update_absolute(self.done * self.steps)

    def callback(
        self, objects: int, steps_before: int, label: str
    ) -> Callable[[int, torch.Tensor, torch.Tensor, int], None]:
        """For one sampler call over the next `objects` objects, each of which has `steps_before` steps behind it.

        `label` is what they are called.
        """
        first, last = self.done + 1, self.done + objects

        def on_step(step: int, denoised: torch.Tensor, x: torch.Tensor, steps: int) -> None:
            memory.throw_exception_if_processing_interrupted()
            step_of_object = min(steps_before + step + 1, self.steps)
            preview = self.previewer and self.previewer.decode_latent_to_preview_image("JPEG", denoised)
            self.bar.update_absolute(self.done * self.steps + step_of_object * objects, preview=preview)
            self.on_progress(Step(label, first, last, self.objects, step_of_object, self.steps))

        return on_step
