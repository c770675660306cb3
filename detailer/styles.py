"""Style presets: words around a prompt, and words added to the negative prompt."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .names import unknown

SHIPPED = Path(__file__).with_name("styles.json")
PLACE = "{prompt}"
BASE = "base"
ALIASES = {"RPG Fantasy": "RPG Fantasy Game"}


class Prompts(NamedTuple):
    prompt: str
    negative_prompt: str


class Style(NamedTuple):
    """`prompt` holds `{prompt}` once, where the user's words go."""

    prompt: str
    negative_prompt: str

    def around(self, prompt: str, negative_prompt: str) -> Prompts:
        """The user's words in this style. They come to the same bits where the style adds nothing."""
        if prompt.strip() or self.prompt == PLACE:
            styled = self.prompt.replace(PLACE, prompt)
        else:
            styled = self.prompt.replace(f" of {PLACE}", "").replace(PLACE, "").strip(" ,")
        if not self.negative_prompt:
            return Prompts(styled, negative_prompt)
        if not negative_prompt.strip():
            return Prompts(styled, self.negative_prompt)
        return Prompts(styled, f"{negative_prompt}, {self.negative_prompt}")


Styles = Mapping[str, Style]


@cache
def shipped() -> Styles:
    """The 78 styles that come with the pack, by name."""
    return styles_of(json.loads(SHIPPED.read_text(encoding="utf-8")), str(SHIPPED))


def with_own(own: Styles) -> Styles:
    """The shipped styles and a user's own, which win over shipped ones of the same name."""
    own_keys = {_key_of(name) for name in own}
    others = {name: style for name, style in shipped().items() if _key_of(name) not in own_keys}
    return {**others, **own}


def styles_of(table: Mapping[str, object], source: str) -> Styles:
    """The styles of a table `{"name": ["words {prompt} words", "negative words"]}`.

    ValueError, saying that it stands in `source`, for an entry of another form.
    """
    return {name: _style(source, name, entry) for name, entry in table.items()}


def find(name: str, styles: Styles) -> Style:
    """The style called `name`, whatever its case, spaces, hyphens and accents; ValueError with the nearest names."""
    by_key = {_key_of(known): style for known, style in styles.items()}
    aliases = {_key_of(alias): _key_of(target) for alias, target in ALIASES.items()}
    key = _key_of(name)
    if key not in by_key:
        key = aliases.get(key, key)
    if key in by_key:
        return by_key[key]
    raise ValueError(unknown("style_preset", name, styles, _key_of))


def _key_of(name: str) -> str:
    """What two spellings of one name have in common."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in letters if letter.isalnum())


def _style(source: str, name: str, entry: object) -> Style:
    match entry:
        case [str(prompt), str(negative_prompt)] if prompt.count(PLACE) == 1:
            return Style(prompt, negative_prompt)
    raise ValueError(
        f"The style {name!r} in {source} must be a list of two texts, the first with {PLACE} in it once: "
        f'["a drawing of {PLACE}", "photo"].'
    )
