"""What a run would do."""

from __future__ import annotations

from collections import Counter

from .feed import Feed, Picture
from .journal import ForeignFile
from .results import Results
from .saying import say

FAILS = "would fail"
WORDS = {None: "would be sent", "skipped": "would be skipped as done", "copied": "would be copied"}


def plan(feed: Feed, results: Results) -> int:
    """Say for each picture what a run would do; 1 if one would fail. Nothing is sent or written."""
    counts: Counter[str] = Counter()
    for picture in feed.in_order():
        word, rest = _fate(picture, results)
        counts[word] += 1
        say(f"{picture.source.place} {word}: {rest}")
        picture.drop()
    counted = [f"{counts[word]} {word}" for word in (*WORDS.values(), FAILS) if counts[word]]
    say(f"{', '.join(counted)}. Nothing was sent or written.")
    return 1 if counts[FAILS] else 0


def _fate(picture: Picture, results: Results) -> tuple[str, str]:
    """In words, and where to or why."""
    if picture.reason:
        return FAILS, picture.reason
    try:
        word = WORDS[results.known(picture)]
    except ForeignFile as error:
        return FAILS, str(error)
    return word, f"{results.journal.folder / picture.source.name}{results.suffixes[0]}"
