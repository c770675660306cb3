"""What a run would do."""

from __future__ import annotations

from collections import Counter

from .feed import Feed, Picture
from .journal import ForeignFile
from .results import Results
from .saying import say

WORDS = {"skipped": "is done already", "copied": "would be copied", None: "would be sent"}


def plan(feed: Feed, results: Results) -> int:
    """Say for each picture what a run would do; 1 if one would fail. Nothing is sent or written."""
    counts: Counter[str] = Counter()
    while not feed.empty:
        if (picture := feed.take(None)) is not None:
            word, rest = fate(picture, results)
            counts[word] += 1
            say(f"{picture.source.place} {word}: {rest}")
            picture.drop()
    say(f"{', '.join(f'{count} {word}' for word, count in counts.items())}. Nothing was sent or written.")
    return 1 if counts["would fail"] else 0


def fate(picture: Picture, results: Results) -> tuple[str, str]:
    """In words, and where to or why."""
    if picture.reason:
        return "would fail", picture.reason
    try:
        word = WORDS[results.known(picture)]
    except ForeignFile as error:
        return "would fail", str(error)
    return word, f"{results.journal.folder / picture.source.name}{results.suffixes[0]}"
