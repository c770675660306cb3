"""What is painted, and what is not: from words to conditionings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ...detailer.box import Size
from ...detailer.styles import BASE
from .builder import Builder, Link
from .emphasis import flat

PHOTOMAKER = "photomaker"
"""The word PhotoMaker looks for; the word before it stands for the subject."""

REFINER_SCORES = (6.0, 2.5)
"""The aesthetic scores SDXL's refiner was given for good and for bad pictures."""


class Words(NamedTuple):
    """`prompt_2` and `negative_prompt_2` go to SDXL's second text encoder; empty, the first ones do."""

    prompt: str
    negative_prompt: str
    style_preset: str = BASE
    prompt_2: str = ""
    negative_prompt_2: str = ""


class Conditioning(NamedTuple):
    positive: Link
    negative: Link


def with_embeddings(text: str, files: Mapping[str, str]) -> str:
    """`text` with each trigger word as the embedding file it stands for, and no file of the client's own choice."""
    text = re.sub(r"embedding:", "embedding ", text, flags=re.IGNORECASE)
    if not files:
        return text
    triggers = "|".join(re.escape(trigger) for trigger in sorted(files, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{triggers})(?!\w)", lambda match: f"embedding:{files[match[0]]}", text)


def with_subject(text: str, trigger: str) -> str | None:
    """`text` with PhotoMaker's word behind the first `trigger`; None if there is no trigger in it."""
    text = re.sub(PHOTOMAKER, "person", text, flags=re.IGNORECASE)
    marked, count = re.subn(
        rf"(?<!\w){re.escape(trigger)}(?!\w)\s*", lambda _: f" {trigger} {PHOTOMAKER} ", text, count=1
    )
    return " ".join(marked.split()) if count else None


class Texts(NamedTuple):
    """Styled words, as links or as they are."""

    positive: Link | str
    negative: Link | str


def styled(build: Builder, words: Words) -> Texts:
    """The prompts, their weights as hosted services read them, in the style asked for."""
    prompt, negative_prompt = flat(words.prompt), flat(words.negative_prompt)
    if words.style_preset == BASE:
        return Texts(prompt, negative_prompt)
    style = build.add(
        "AfterDetailStylePreset",
        "What to paint, and in which style",
        style_preset=words.style_preset,
        prompt=prompt,
        negative_prompt=negative_prompt,
    )
    return Texts(style.out(0), style.out(1))


def encode(build: Builder, clip: Link, texts: Texts) -> Conditioning:
    """By the text encoders of any model, the same words for each."""
    positive = build.add("CLIPTextEncode", "What to paint", text=texts.positive, clip=clip)
    negative = build.add("CLIPTextEncode", "What not to paint", text=texts.negative, clip=clip)
    return Conditioning(positive.out(), negative.out())


def encode_sdxl(build: Builder, clip: Link, texts: Texts, words: Words, size: Size) -> Conditioning:
    """`prompt` goes to CLIP-L and `prompt_2` to OpenCLIP-G, as where the two names come from."""
    sizes = {"width": size.width, "height": size.height, "target_width": size.width, "target_height": size.height}
    links = [
        build.add(
            "CLIPTextEncodeSDXL", title, clip=clip, text_l=first, text_g=second or first, crop_w=0, crop_h=0, **sizes
        ).out()
        for title, first, second in (
            ("Prompts", texts.positive, flat(words.prompt_2)),
            ("Negative prompts", texts.negative, flat(words.negative_prompt_2)),
        )
    ]
    return Conditioning(*links)


def encode_refiner(build: Builder, clip: Link, texts: Texts, size: Size) -> Conditioning:
    """The conditioning of the refiner, whose text encoder is CLIP-G alone."""
    links = [
        build.add(
            "CLIPTextEncodeSDXLRefiner", title, ascore=score, width=size.width, height=size.height, text=text, clip=clip
        ).out()
        for title, score, text in zip(
            ("Prompt for the refiner", "Negative prompt for the refiner"), REFINER_SCORES, texts, strict=True
        )
    ]
    return Conditioning(*links)
