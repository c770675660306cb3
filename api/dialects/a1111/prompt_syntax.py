"""The web UI's prompts: LoRAs and embeddings named in them, weaker words, and one prompt for each object."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ... import assets
from ...errors import invalid
from ...graphs import with_embeddings

LORA = re.compile(r"<(?:lora|lyco):([^:<>]+)(?::([^:<>]*))?(?::[^<>]*)?>", re.IGNORECASE)
HYPERNET = re.compile(r"<hypernet:[^<>]*>", re.IGNORECASE)
INNERMOST = re.compile(r"(?<!\\)\[([^\[\]]+)(?<!\\)\]")
ROUND = re.compile(r"\([^()]*\)")
SEPARATOR = re.compile(r"\s*\[SEP\]\s*")
SKIP = re.compile(r"\s*\[SKIP\]\s*")
MAX_LORAS = 16


class Text(NamedTuple):
    """A prompt for ComfyUI, and the LoRAs it named with their weights."""

    words: str
    loras: tuple[tuple[str, float], ...]


def read(field: str, prompt: str) -> Text:
    """Refused for a LoRA that this server does not have, and for hypernetworks."""
    if HYPERNET.search(prompt):
        raise invalid(field, f"{field} names a hypernetwork, which this server does not have. Take it out.")
    loras = tuple((assets.find(field, "loras", name), _weight(field, weight)) for name, weight in LORA.findall(prompt))
    if len(loras) > MAX_LORAS:
        raise invalid(field, f"{field} names {len(loras)} LoRAs; {MAX_LORAS} is the limit.")
    words = _until_done(INNERMOST, _weaker, LORA.sub("", prompt))
    return Text(with_embeddings(words, _embeddings(field, words)), loras)


def _weaker(brackets: re.Match[str]) -> str:
    """[words] as ComfyUI writes them; [from:to:when] and [one|other] stay as they are."""
    bare = _until_done(ROUND, lambda _: "", brackets[1])
    return brackets[0] if ":" in bare or "|" in bare else f"({brackets[1]}:{1 / 1.1:.6f})"


def _until_done(pattern: re.Pattern[str], replaced: Callable[[re.Match[str]], str], text: str) -> str:
    while (done := pattern.sub(replaced, text)) != text:
        text = done
    return text


def _weight(field: str, text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        raise invalid(field, f"{field} gives a LoRA the weight {text[:20]!r}. Write a number, such as 0.8.") from None


def _embeddings(field: str, words: str) -> dict[str, str]:
    """The embeddings whose names stand in the text."""
    stems = {assets.stem(name) for name in assets.names("embeddings")}
    return {stem: assets.embedding(field, stem) for stem in stems if stem in words}


def of_objects(prompt: str, common: str) -> list[str | None]:
    """One prompt for each object, the last for all others; None for an object that is left alone.

    `common` is the picture's own prompt: it stands for an empty one, and for [PROMPT].
    """
    parts = SEPARATOR.split(prompt)
    return [
        None if SKIP.fullmatch(part) else part.replace("[PROMPT]", f" {common} ") if part.strip() else common
        for part in parts
    ]
