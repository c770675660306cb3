"""The wired conditionings in the words, negatives and LoRAs of single objects."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch

from ..box import Size
from ..conditioning import Conditioning
from ..object_prompts import ObjectPrompts
from ..prompt_text import ObjectPrompt
from ..region import Region
from ..resampling import resized
from .items import reworded
from .loras import LoraUses, ObjectLoras

PICTURE_AREA = 1024 * 1024
"""Pixels of a picture that text encoders are shown at most, as ComfyUI's own node for Qwen-Image-Edit shows them."""


class Wording:
    """The prompts of each object, by the names of the `wired` ones; every text is encoded once."""

    def __init__(self, wired: Mapping[str, Conditioning], model: Any, clip: Any, prompts: ObjectPrompts):
        if clip is None and prompts.need_clip:
            raise ValueError("object_prompts needs the clip input: connect the CLIP that belongs to the model.")
        self._wired, self._prompts = wired, prompts
        self._loras = ObjectLoras(prompts.loras, model, clip)
        self._encoded: dict[tuple[str, LoraUses], Conditioning] = {}
        self._takes_pictures = clip is not None and _takes_pictures(clip)

    @property
    def shows_pictures(self) -> bool:
        """Whether a picture can go into the prompt of an object without words of its own."""
        return self._takes_pictures and bool(self._prompts.common)

    def of(self, region: Region, picture: torch.Tensor | None = None) -> dict[str, Conditioning]:
        """The conditionings for the region's first object, of the whole image. A LoRA is in force in all of them.

        A `picture` [1, H, W, 3] goes into the positive one together with its text, where the text encoder takes
        pictures and the text is known.
        """
        asked = self._prompts.for_object(region.image_index, region.members[0])
        shown = picture if self._takes_pictures else None
        texts = {"positive": asked.text, "negative": asked.negative}
        if shown is not None:
            texts["positive"] = asked.text or self._prompts.common
        pictures = {"positive": shown}
        return {
            name: self._worded(prompt, texts.get(name, ""), asked, pictures.get(name))
            for name, prompt in self._wired.items()
        }

    def _worded(
        self, wired: Conditioning, text: str, asked: ObjectPrompt, picture: torch.Tensor | None
    ) -> Conditioning:
        worded = reworded(wired, self._encode(text, asked.loras, picture)) if text else wired
        return self._loras.on(worded, asked.loras)

    def _encode(self, text: str, loras: LoraUses, picture: torch.Tensor | None) -> Conditioning:
        clip = self._loras.clip(loras)
        if picture is not None:
            return clip.encode_from_tokens_scheduled(clip.tokenize(text, images=[_small(picture)]))
        if (text, loras) not in self._encoded:
            self._encoded[text, loras] = clip.encode_from_tokens_scheduled(clip.tokenize(text))
        return self._encoded[text, loras]


def _takes_pictures(clip: Any) -> bool:
    return "images" in inspect.signature(clip.tokenizer.tokenize_with_weights).parameters


def _small(picture: torch.Tensor) -> torch.Tensor:
    """[1, H, W, 3] with at most PICTURE_AREA pixels."""
    _, height, width, _ = picture.shape
    shrink = min(math.sqrt(PICTURE_AREA / (height * width)), 1.0)
    return resized(picture, Size(max(round(width * shrink), 1), max(round(height * shrink), 1)))
