"""Waiting for a state: a limit is only for what never comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(true: Callable[[], Found], what: str, seconds: float = 180) -> Found:
    """The first true value; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"after {seconds:g} s there was still not {what}"
        time.sleep(0.02)
    return found
