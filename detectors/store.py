"""Weights that can be downloaded by name, and the download itself. Nothing is fetched unless someone asks for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import requests

from ..files import atomic
from .detector import Progress

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
ATTEMPTS = 5
"""How often a download that was cut off is taken up again before the user is asked."""
CHUNK = 1 << 16
MAX_SIZE = 2**30
"""Bytes taken from a server when the size of the weights is not known."""


class WeightsError(ValueError):
    """Weights that are not there and could not be fetched: what happened, and where to put the file by hand."""


@dataclass(frozen=True)
class Weight:
    """One entry of weights.json. `folder` is a ComfyUI folder key; `size` in bytes and `sha256` are None if unknown."""

    name: str
    file: str
    folder: str
    url: str
    size: int | None
    sha256: str | None
    licence: str

    @property
    def check(self) -> str:
        """How a download of it is verified, for the person who consents to it."""
        if self.sha256:
            return "verified by its SHA-256 checksum"
        return "no checksum of it is known: verified by the server's size and by reading it as a YOLOv8 file"


@cache
def weights() -> dict[str, Weight]:
    """The table, by name."""
    rows = json.loads(Path(__file__).with_name("weights.json").read_text(encoding="utf-8"))
    return {row["name"]: Weight(**row) for row in rows}


def download(weight: Weight, folder: Path, accept: Callable[[Path], object], progress: Progress | None = None) -> Path:
    """Fetch `weight` into `folder` and return its path; at once if it is there.

    The bytes gather in `<file>.part`, which a later call takes up again. The file gets its name only after its size
    and checksum are right and `accept(part)` has read it without an error. WeightsError says what failed.
    """
    target = folder / weight.file
    if target.exists():
        return target
    part = PartialFile(folder / f"{weight.file}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _fetch_all(weight, part, progress or (lambda done, total: None))
        _verify(weight, part, accept)
        atomic.move(part.path, target)
        part.discard()  # what is left of it: the tag
    except requests.RequestException as error:
        raise WeightsError(_by_hand(weight, folder, _network_reason(weight, error))) from error
    except _Refused as error:
        part.discard()  # so that no later call builds on it
        raise WeightsError(_by_hand(weight, folder, str(error))) from error
    except OSError as error:
        reason = f"{weight.file} could not be written to {folder} ({error.strerror or error})."
        raise WeightsError(_by_hand(weight, folder, reason)) from error
    return target


class PartialFile:
    """A file on its way: its bytes, and beside them the server's tag for the version they belong to."""

    def __init__(self, path: Path):
        self.path, self._tag = path, path.with_name(f"{path.name}.etag")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def tag(self) -> str:
        """The server's strong tag of their version; "" if it gave none."""
        return self._tag.read_text(encoding="ascii", errors="replace") if self._tag.exists() else ""

    def begin(self, tag: str) -> None:
        """Empty it for a version of the file; only a strong tag names one (RFC 9110, 13.1.5)."""
        self.path.write_bytes(b"")
        self._tag.unlink(missing_ok=True)
        if re.fullmatch(r'"[\x21\x23-\x7e]{1,200}"', tag):
            self._tag.write_text(tag, encoding="ascii")

    def discard(self) -> None:
        """Delete it with its tag."""
        self.path.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)


class _Refused(ValueError):
    """What the server sent is not what was asked for."""


def _fetch_all(weight: Weight, part: PartialFile, progress: Progress) -> None:
    """Fetch until complete, taking up again as long as each attempt brings something."""
    if weight.size and part.size == weight.size:
        return  # an earlier call ended before it was verified
    for attempt in range(ATTEMPTS):
        before = part.size
        try:
            _fetch(weight, part, progress)
            return
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            if part.size == before or attempt == ATTEMPTS - 1:
                raise


def _fetch(weight: Weight, part: PartialFile, progress: Progress) -> None:
    """One request: the rest of the file if the server still has the same version, all of it otherwise."""
    have, tag = part.size, part.tag
    headers = {"Accept-Encoding": "identity"}
    if have and tag:
        headers |= {"Range": f"bytes={have}-", "If-Range": tag}
    timeout = (CONNECT_SECONDS, READ_SECONDS)
    with requests.get(weight.url, headers=headers, stream=True, timeout=timeout) as answer:
        if answer.status_code == 416:
            part.discard()
            raise requests.ConnectionError("the server has another version of the file")
        answer.raise_for_status()
        start, total = _range(answer, have)
        if start == 0:
            part.begin(answer.headers.get("ETag", ""))
        if weight.size and total and total != weight.size:
            raise _Refused(f"The server offers {total} bytes for {weight.file}, but it should have {weight.size}.")
        _append(answer, part, total or weight.size or 0, weight, progress)


def _range(answer: requests.Response, have: int) -> tuple[int, int]:
    """Where the answer's bytes start in the file, and the file's size (0: the server does not say)."""
    if answer.status_code == 206:
        match = re.fullmatch(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15})", answer.headers.get("Content-Range", ""))
        if not match or int(match[1]) != have:
            raise _Refused("The server resumed the download at another place than asked.")
        return have, int(match[2])
    if answer.status_code != 200:
        raise _Refused(f"The server answered with status {answer.status_code}.")
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if re.fullmatch(r"\d{1,15}", length) else 0


def _append(answer: requests.Response, part: PartialFile, total: int, weight: Weight, progress: Progress) -> None:
    """Write the answer's body behind what is there; never more than the file may have."""
    limit = total or MAX_SIZE
    done = part.size
    with part.path.open("ab") as file:
        for chunk in answer.iter_content(CHUNK):
            if done + len(chunk) > limit:
                raise _Refused(f"The server sent more than the {limit} bytes of {weight.file}.")
            file.write(chunk)
            done += len(chunk)
            progress(done, total)
    if total and done < total:
        raise requests.ConnectionError(f"the connection ended after {done} of {total} bytes")


def _verify(weight: Weight, part: PartialFile, accept: Callable[[Path], object]) -> None:
    """_Refused unless the bytes are the right ones."""
    if weight.size and part.size != weight.size:
        raise _Refused(f"{weight.file} has {part.size} bytes instead of {weight.size}.")
    if weight.sha256:
        found = _sha256(part.path)
        if found != weight.sha256:
            raise _Refused(f"{weight.file} has the SHA-256 {found} instead of {weight.sha256}.")
    try:
        accept(part.path)
    except ValueError as error:
        raise _Refused(f"The server sent something other than {weight.file}: {error}") from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _network_reason(weight: Weight, error: requests.RequestException) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"The server answered with status {error.response.status_code} for {weight.url}."
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"The server of {weight.url} stopped answering."
    return f"{weight.file} could not be downloaded from {weight.url}: no connection, or it was cut off."


def _by_hand(weight: Weight, folder: Path, reason: str) -> str:
    return f"{reason} Try again, or get it by hand from {weight.url} and put it into {folder}."
