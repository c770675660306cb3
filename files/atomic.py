"""Files that are there as a whole or not at all, whatever ends the process or the power in between."""

from __future__ import annotations

import os
import re
import uuid
from contextlib import suppress
from pathlib import Path

PARTIAL = re.compile(r"\.[0-9a-f]{32}\.partial")
"""What a file is called until it is whole."""


def write(path: Path, data: bytes) -> None:
    """Write `data` as `path`, replacing what is there. Makes the folder. OSError leaves what was there before."""
    partial = _partial(path, data)
    try:
        _rename(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_new(path: Path, data: bytes) -> None:
    """Write `data` as `path`. Makes the folder. FileExistsError if something has this name, even since a moment."""
    partial = _partial(path, data)
    try:
        path.hardlink_to(partial)
        _sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        path.open("xb").close()
        _rename(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def move(partial: Path, path: Path) -> None:
    """Give a file that is whole its name in the same file system, replacing what is there."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())  # or a power cut could leave the name without its content
    _rename(partial, path)


def clear(folder: Path) -> None:
    """Remove what writers that were killed have left half-written in `folder`. Only when none is at work there."""
    for path in folder.glob(".*.partial"):
        if PARTIAL.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _partial(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial


def _rename(partial: Path, path: Path) -> None:
    partial.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name last. Windows does not let a folder be opened, and some network drives do not sync one."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
