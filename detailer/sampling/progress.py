"""One progress bar over the steps of all objects, and a line that says which of them are sampled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comfy.model_management as memory
import comfy.utils
import latent_preview
import torch


class Progress:
    """Counts the steps of `objects` objects with `steps` steps each."""

    def __init__(self, model: Any, objects: int, steps: int, on_progress: Callable[[str], None]) -> None:
        self.objects, self.steps, self.done, self.on_progress = objects, steps, 0, on_progress
        self.bar = comfy.utils.ProgressBar(objects * steps)
        self.previewer = latent_preview.get_previewer(model.load_device, model.model.latent_format)

    def finished(self, objects: int) -> None:
        self.done += objects
        self.bar.update_absolute(self.done * self.steps)

    def callback(
        self, objects: int, steps_before: int, label: str
    ) -> Callable[[int, torch.Tensor, torch.Tensor, int], None]:
        """For one sampler call over the next `objects` objects, each of which has `steps_before` steps behind it.

        `label` is what they are called.
        """
        first, last = self.done + 1, self.done + objects
        which = f"{label} {first}" if objects == 1 else f"{label}s {first} to {last}"

        def on_step(step: int, denoised: torch.Tensor, x: torch.Tensor, steps: int) -> None:
            memory.throw_exception_if_processing_interrupted()
            step_of_object = min(steps_before + step + 1, self.steps)
            preview = self.previewer and self.previewer.decode_latent_to_preview_image("JPEG", denoised)
            self.bar.update_absolute(self.done * self.steps + step_of_object * objects, preview=preview)
            self.on_progress(f"{which} of {self.objects}, step {step_of_object}/{self.steps}")

        return on_step
