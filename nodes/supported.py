"""Whether this ComfyUI has what the nodes need. Nothing here needs more than an old one has."""

from __future__ import annotations

import re

from comfy_api.latest import ComfyExtension, io
from comfyui_version import __version__ as RUNNING

OLDEST = "0.20.1"
"""The oldest ComfyUI that the tests have run on."""


def too_old(running: str = RUNNING) -> str | None:
    """A sentence if a ComfyUI of this version cannot run the nodes, else None. One without a number is let in."""
    if not _numbers(running) or _numbers(running) >= _numbers(OLDEST):
        return None
    return f"AfterDetail needs ComfyUI {OLDEST} or newer, this is {running}: update ComfyUI."


def _numbers(version: str) -> tuple[int, ...]:
    """0.20.1, v0.20.1 and 0.20.1-beta2 as (0, 20, 1)."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


class NoNodes(ComfyExtension):
    """What a ComfyUI that is too old gets."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return []
