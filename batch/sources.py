"""What a batch is made of: folders, patterns, files and URLs become sources, each with a name for its result."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
LONGEST_NAME = 80
WILDCARDS = "*?["


class Source(NamedTuple):
    """`name` is where its result goes inside the output folder, without a suffix; `place` a file's path or a URL."""

    name: str
    place: str

    @property
    def is_url(self) -> bool:
        """Whether it has to be downloaded."""
        return is_url(self.place)


def collect(arguments: Sequence[str], urls: Iterable[str], output: Path, suffix: str = "") -> list[Source]:
    """Each picture once, in order. Of folders, files with a picture's suffix outside `output`; hidden ones are not.

    suffix: ends the name of each result. Raises ValueError for an argument that is nothing, or when there is no
    picture at all.
    """
    found: dict[str, Source] = {}
    for argument in [*arguments, *urls]:
        for source in _expanded(argument, output.resolve()):
            found.setdefault(source.place, source)
    if not found:
        raise ValueError(f"There is no picture in {', '.join(arguments) or 'the list'}. Name a folder, files or URLs.")
    return [Source(name + suffix, place) for name, place in _with_different_names(found.values())]


def listed(text: str) -> list[str]:
    """The lines of a list of URLs, without empty ones and comments (#). Raises ValueError for any other line."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    for line in lines:
        if not is_url(line):
            raise ValueError(f"{line!r} in the list is no URL. Each line has to begin with http:// or https://.")
    return lines


def _expanded(argument: str, output: Path) -> Iterator[Source]:
    """The sources of a folder, a pattern, a file or a URL; ValueError for anything else."""
    path = Path(argument)
    if is_url(argument):
        yield Source(_url_name(argument), argument)
    elif path.is_dir():
        folder = path.resolve()
        files = (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and not _is_hidden(file, folder))
        yield from _within(folder, files, output)
    elif path.is_file():
        yield Source(path.stem, str(path.parent.resolve() / path.name))
    elif any(sign in argument for sign in WILDCARDS):
        folder = _before_wildcard(path)
        yield from _within(folder.resolve(), folder.resolve().glob(str(path.relative_to(folder))), output)
    else:
        raise ValueError(f"{argument} is no folder, file, pattern or URL. Correct the path.")


def _before_wildcard(path: Path) -> Path:
    """The folders of a pattern that are plain names."""
    while any(sign in str(path) for sign in WILDCARDS):
        path = path.parent
    return path


def _within(folder: Path, files: Iterable[Path], output: Path) -> Iterator[Source]:
    """The files as sources. A folder for the results inside `folder` is left out as a whole."""
    inside = output != folder and output.is_relative_to(folder)
    for file in sorted(files):
        if file.is_file() and not (inside and file.is_relative_to(output)):
            yield Source(file.relative_to(folder).with_suffix("").as_posix(), str(file))


def _is_hidden(file: Path, folder: Path) -> bool:
    """Whether a part of the path begins with a dot."""
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def is_url(text: str) -> bool:
    """Whether it begins as one."""
    return text.lower().startswith(("http://", "https://"))


def _url_name(url: str) -> str:
    """The file's name in the URL, and a digest, because `.../image?id=1` and `?id=2` have the same."""
    stem = PurePosixPath(unquote(urlsplit(url).path)).stem
    plain = re.sub(r"[^\w-]+", "_", stem)[:LONGEST_NAME] or "image"
    return f"{plain}-{_digest(url)}"


def _with_different_names(sources: Iterable[Source]) -> list[Source]:
    """photo.jpg and photo.png would have the same result: a digest of the place tells such names apart."""
    sources = list(sources)
    uses = Counter(folded(source.name) for source in sources)
    return [
        source if uses[folded(source.name)] == 1 else Source(f"{source.name}-{_digest(source.place)}", source.place)
        for source in sources
    ]


def folded(text: str) -> str:
    """Equal for names that some file system takes for one: it may fold case, and compose or decompose letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _digest(text: str) -> str:
    """Eight hexadecimal digits that tell texts apart."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:8]
