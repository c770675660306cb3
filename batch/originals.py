"""No picture that a batch did not make is written over: looked at as a whole before the first is sent to a server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from .journal import REMEDY, Journal, sha256_of
from .sources import Source, folded


def without_results(sources: Sequence[Source], journal: Journal) -> list[Source]:
    """Those that are no results of earlier runs into the same folder. ValueError when none is left."""
    folder = os.path.realpath(journal.folder)

    def is_result(source: Source) -> bool:
        path = Path(os.path.realpath(source.place))
        inside = not source.is_url and path.is_relative_to(folder)
        return inside and journal.is_ours(path.relative_to(folder).as_posix())

    left = [source for source in sources if not is_result(source)]
    if not left:
        raise ValueError(f"All these pictures are results of earlier runs into {journal.folder}. Name the originals.")
    return left


def require_kept(sources: Sequence[Source], journal: Journal, suffixes: Sequence[str]) -> None:
    """ValueError naming both paths if a result, with one of `suffixes`, would replace anything but its older self.

    Whether that was changed by hand is left to the journal, when its picture's turn comes: it has to be read for it.
    """
    originals = Originals(sources)
    problems = [problem for source in sources for problem in _conflicts(source, journal, suffixes, originals)]
    if problems:
        more = f" {len(problems) - 1} more results would be in the way like that." if problems[1:] else ""
        raise ValueError(f"{problems[0]} {REMEDY}{more}")


class Originals:
    """The sources as files, under any name that a file system may know them by."""

    def __init__(self, sources: Sequence[Source]):
        self._names: dict[str, str] = {}
        self._files: dict[tuple[int, int], str] = {}
        for place in (source.place for source in sources if not source.is_url):
            self._names |= {folded(place): place, folded(os.path.realpath(place)): place}
            if Path(place).exists():
                self._files[_identity(Path(place))] = place

    def at(self, path: Path) -> str | None:
        """The source that is this file."""
        found = self._names.get(folded(str(path))) or self._names.get(folded(os.path.realpath(path)))
        return found or (self._files.get(_identity(path)) if path.exists() else None)


def _conflicts(source: Source, journal: Journal, suffixes: Sequence[str], originals: Originals) -> Iterator[str]:
    """What the files of its result would be written over, as sentences."""
    folder = Path(os.path.realpath(journal.folder))
    for file in [*(f"{source.name}{suffix}" for suffix in suffixes), f"{source.name}.json"]:
        path = folder / file
        if original := originals.at(path):
            yield f"The result of {source.place} would be written to {path}, which is the source {original}."
        elif not os.path.lexists(path):
            continue
        elif (made := journal.written(file)) is None:
            yield f"The result of {source.place} would be written over {path}, which no batch has made."
        elif made.source != source.place and (source.is_url or sha256_of(Path(source.place)) not in made.contents):
            other = made.source or "another picture"
            yield f"The result of {source.place} would be written over {path}, the result of {other}."


def _identity(path: Path) -> tuple[int, int]:
    """The same for all names of a file, whatever links lead to it."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino
