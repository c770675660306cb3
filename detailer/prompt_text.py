"""The text of object_prompts and object_negatives, read line by line; README's section on prompts shows the grammar."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Order = Literal["ASC", "DSC", "ASC-SIZE", "DSC-SIZE", "RND"]
ORDERS: tuple[Order, ...] = get_args(Order)
EVERY_LABEL = "all"

_ORDERS: dict[str, Order] = {order: order for order in ORDERS}

_LEADING_TAG = re.compile(rf"\s*\[(LAB|{'|'.join(ORDERS)})\][ \t]*\n?", re.IGNORECASE)
_SEPARATOR = re.compile(r"\[SEP(?::[^\]]*)?\]", re.IGNORECASE)
_TAG = re.compile(r"\[(SKIP|PROMPT)\]", re.IGNORECASE)
_LABEL = re.compile(r"\[(?!(?:SKIP|PROMPT|SEP)\b)([^\[\]]+)\]", re.IGNORECASE)
_UNKNOWN = re.compile(r"\[[A-Z][A-Z0-9_-]+(?::[^\]]*)?\]")
"""Only capitals look like a tag: [red hair] is part of a prompt."""
_LORA = re.compile(r"<lora:([^:<>]+)(?::([^<>]*))?>", re.IGNORECASE)
_NEGATIVE = re.compile(r"(?:^|\s)--neg\s+", re.IGNORECASE)
_LIKE_A_LABEL = re.compile(r"([^\W\d]\w*):\s")
REPEAT = ("...", "\u2026")


class LoraUse(NamedTuple):
    """A LoRA by the stem of its file's name, and how strongly it works."""

    name: str
    strength: float


@dataclass(frozen=True)
class ObjectPrompt:
    """What is asked for an object; an empty text stands for the common prompt, which all objects share."""

    text: str = ""
    negative: str = ""
    loras: tuple[LoraUse, ...] = ()
    skip: bool = False


@dataclass(frozen=True)
class PromptText:
    """The lines of a text: in their order, and by label in lower case."""

    lines: tuple[ObjectPrompt, ...] = ()
    by_label: tuple[tuple[str, ObjectPrompt], ...] = ()
    order: Order | None = None
    """The order of the objects that the lines count; None: by their numbers."""
    repeats: bool = False
    """Whether the last line holds for all further objects."""
    notes: tuple[str, ...] = ()


def parse(text: str, common: str | None, labels: Set[str], name: str) -> PromptText:
    """Read the text of the input `name`. `common` is what [PROMPT] stands for, None where that is not known.

    `labels`: what a labelled line can be for, in lower case. ValueError for a LoRA's strength that is no number.
    """
    return _Reader(common, labels, name).read(text)


class _Reader:
    def __init__(self, common: str | None, labels: Set[str], name: str):
        self.common, self.labels, self.name = common, labels, name
        self.notes: dict[str, None] = {}

    def read(self, text: str) -> PromptText:
        orders: list[Order] = []
        labelled = False
        while match := _LEADING_TAG.match(text):
            tag, text = match[1].upper(), text[match.end() :]
            labelled = labelled or tag == "LAB"
            if tag in _ORDERS:
                orders.append(_ORDERS[tag])
        if labelled:
            return PromptText(by_label=self.labelled(text), notes=tuple(self.notes))
        parts = _SEPARATOR.split(text) if _SEPARATOR.search(text) else text.splitlines()
        lines: list[ObjectPrompt] = []
        by_label: list[tuple[str, ObjectPrompt]] = []
        repeats = False
        for part in parts:
            label, colon, rest = part.partition(":")
            if part.strip() in REPEAT:
                repeats = bool(lines)
                break
            if colon and label.strip().casefold() in self.labels:
                by_label.append((label.strip().casefold(), self.prompt(rest)))
            else:
                self.note_unknown_label(part, len(lines))
                lines.append(self.prompt(part))
        order = orders[-1] if orders else None
        return PromptText(tuple(lines), tuple(by_label), order, repeats, tuple(self.notes))

    def labelled(self, text: str) -> tuple[tuple[str, ObjectPrompt], ...]:
        """Of "[face] one [hand] two", the prompts by label; that of [ALL] goes before each."""
        before, *parts = _LABEL.split(_SEPARATOR.sub(" ", text))
        if before.strip():
            self.note(f"{before.strip()!r} stands before the first [label], so it is no object's.")
        texts = {label.strip().casefold(): words.strip() for label, words in zip(parts[::2], parts[1::2], strict=True)}
        everywhere = texts.get(EVERY_LABEL, "")
        return tuple(
            (label, self.prompt(words if label == EVERY_LABEL else f"{everywhere} {words}"))
            for label, words in texts.items()
        )

    def prompt(self, line: str) -> ObjectPrompt:
        loras = tuple(LoraUse(match[1].strip(), self.strength(match)) for match in _LORA.finditer(line))
        text, *negatives = _NEGATIVE.split(_LORA.sub("", line))
        tags = {tag.upper() for tag in _TAG.findall(line)}
        return ObjectPrompt(self.words(text), ", ".join(map(self.words, negatives)), loras, "SKIP" in tags)

    def words(self, text: str) -> str:
        """Without tags, with the common prompt where [PROMPT] stands."""
        if self.common is None and "[PROMPT]" in text.upper() and text.strip().upper() != "[PROMPT]":
            self.note("[PROMPT] stands for the text of the input prompt, which is not connected; it was left out.")
        for unknown in _UNKNOWN.findall(_TAG.sub("", text)):
            self.note(f"{unknown} means nothing here and was left out.")
        without = _UNKNOWN.sub(" ", _TAG.sub(self.meaning, text))
        return text.strip() if without == text else " ".join(without.split())

    def meaning(self, tag: re.Match[str]) -> str:
        return (self.common or "") if tag[1].upper() == "PROMPT" else ""

    def strength(self, lora: re.Match[str]) -> float:
        """The first number: some packs write a second one, for the text encoder."""
        text = (lora[2] or "1").partition(":")[0].strip()
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"{self.name} holds {lora[0]}: write its strength as a number, such as 0.8.") from None

    def note_unknown_label(self, line: str, place: int) -> None:
        """Of a line that begins as if it were for a label: it counts for the object at `place`."""
        head = _LIKE_A_LABEL.match(line.strip())
        if head and head[1].casefold() != "embedding":
            self.note(f"{head[1]!r} is no label of a detector, so its line counts for object {place}.")

    def note(self, sentence: str) -> None:
        self.notes[f"{self.name}: {sentence}"] = None
