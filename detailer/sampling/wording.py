"""The wired conditionings in the words, negatives and LoRAs of single objects."""

from __future__ import annotations

from typing import Any

from ..conditioning import Conditioning
from ..object_prompts import ObjectPrompts
from ..prompt_text import ObjectPrompt
from ..region import Region
from .items import reworded
from .loras import LoraUses, ObjectLoras


class Wording:
    """Positive and negative of each object; every text is encoded once."""

    def __init__(self, positive: Conditioning, negative: Conditioning, model: Any, clip: Any, prompts: ObjectPrompts):
        if clip is None and prompts.need_clip:
            raise ValueError("object_prompts needs the clip input: connect the CLIP that belongs to the model.")
        self._positive, self._negative, self._prompts = positive, negative, prompts
        self._loras = ObjectLoras(prompts.loras, model, clip)
        self._encoded: dict[tuple[str, LoraUses], Conditioning] = {}

    def of(self, region: Region) -> tuple[Conditioning, Conditioning]:
        """The conditionings for the region's first object, of the whole image. A LoRA is in force in both."""
        asked = self._prompts.for_object(region.image_index, region.members[0])
        return self._worded(self._positive, asked.text, asked), self._worded(self._negative, asked.negative, asked)

    def _worded(self, wired: Conditioning, text: str, asked: ObjectPrompt) -> Conditioning:
        worded = reworded(wired, self._encode(text, asked.loras)) if text else wired
        return self._loras.on(worded, asked.loras)

    def _encode(self, text: str, loras: LoraUses) -> Conditioning:
        if (text, loras) not in self._encoded:
            clip = self._loras.clip(loras)
            self._encoded[text, loras] = clip.encode_from_tokens_scheduled(clip.tokenize(text))
        return self._encoded[text, loras]
