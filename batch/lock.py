"""One run at a time in a folder, held by the operating system, which lets go of it when the run ends in any way."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _hold(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _hold(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Lock:
    def __init__(self, path: Path):
        self._path = path
        self._descriptor = -1

    def acquire(self) -> bool:
        """False while another process, or another Lock, holds it."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT)
        try:
            _hold(self._descriptor)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Let others work in the folder."""
        with suppress(OSError):
            os.close(self._descriptor)
        self._descriptor = -1
