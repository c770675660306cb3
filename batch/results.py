"""What becomes of a picture in the output folder: it is there, is copied, is written, or has no place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .feed import Picture
from .journal import Journal
from .server import Outcome

Known = Literal["skipped", "copied"]
Complete = Callable[[bytes, bytes], tuple[bytes, list[str]]]
"""A result with what it lacks of its original, and notes; `metadata.with_the_rest` is one."""


@dataclass(frozen=True)
class Results:
    """settings: digest of the workflow. suffixes: what the names of its results end with."""

    journal: Journal
    settings: str
    suffixes: Sequence[str]
    complete: Complete
    preview: Callable[[bytes], bytes] | None = None
    """Makes a small JPEG, where a page about the run is asked for."""
    previews: dict[str, bytes] = field(default_factory=dict)
    """Of the originals that were downloaded for this run only, by name."""

    def key(self, picture: Picture) -> str:
        """What tells content and settings of a picture: the digests of both."""
        return f"{picture.sha256} {self.settings}"

    def known(self, picture: Picture) -> Known | None:
        """Whether there is a result already, under this name or another. ForeignFile if one would have no place."""
        name, key = picture.source.name, self.key(picture)
        if self.journal.has(name, key):
            return "skipped"
        self.journal.require_ours(f"{name}.json", *(f"{name}{suffix}" for suffix in self.suffixes))
        return "copied" if self.journal.has_copy(key) else None

    def copy(self, picture: Picture) -> None:
        """Write the result that is there under another name."""
        self.journal.copy(picture.source.name, self.key(picture), picture.source.place)

    def write(self, picture: Picture, original: bytes, outcome: Outcome, server: str) -> list[str]:
        """Keep what a server has made of a picture; what was left out of it, as sentences.

        ForeignFile if it has no place; another ValueError if it is no picture.
        """
        image, notes = self.complete(outcome.image, original)
        if self.preview and picture.source.is_url:
            self.previews[picture.source.name] = self.preview(original)
        about = {
            "source": picture.source.place,
            "sha256": picture.sha256,
            "settings": self.settings,
            "server": server,
            "notes": notes,
            "reports": outcome.reports,
        }
        self.journal.done(picture.source.name, self.key(picture), outcome.suffix, image, about)
        return notes

    def fail(self, picture: Picture, reason: str) -> None:
        """Write into the journal why a picture has no result."""
        self.journal.failed(picture.source.name, self.key(picture), reason)
