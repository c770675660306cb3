"""One sentence for every name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

SUGGESTIONS = 3
LISTED_WHOLE = 4
"""Up to so many names are all listed."""


def nearest(what: str, value: str | None, known: Iterable[str]) -> str | None:
    """`unknown` if `value` is none of the `known` names, else None. A linked input (None) is checked later."""
    names = list(known)
    return None if value is None or value in names else unknown(what, value, names)


def unknown(what: str, value: object, known: Iterable[str], key: Callable[[str], str] = str.casefold) -> str:
    """The sentence for a `value` of the input `what` that is none of the `known` names, with those nearest to it.

    Two names are as near as their keys are.
    """
    names = list(known)
    if not names:
        return f"Unknown {what} {value!r}: there are none to choose from."
    if len(names) <= LISTED_WHOLE:
        return f"Unknown {what} {value!r}: use {' or '.join(names)}."
    return f"Unknown {what} {value!r}. Nearest: {', '.join(_nearest(str(value), names, key))}."


def _nearest(value: str, names: list[str], key: Callable[[str], str]) -> list[str]:
    by_key = {key(name): name for name in names}
    return [by_key[close] for close in difflib.get_close_matches(key(value), by_key, n=SUGGESTIONS, cutoff=0.0)]
