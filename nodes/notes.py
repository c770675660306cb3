"""What nodes have to tell besides their results."""

from __future__ import annotations

import logging
from collections.abc import Iterable

log = logging.getLogger("afterdetail")


def notes_ui(notes: Iterable[str], logged: Iterable[str] = ()) -> dict[str, list[str]]:
    """The part of a node's UI output that shows its notes; each that no node before it told is logged once.

    It is there without notes, too: of a node that runs over a list, ComfyUI joins the outputs by the first one's keys.
    """
    sentences, before = [*notes], {*logged}
    for sentence in sentences:
        if sentence not in before:
            log.info("%s", sentence)
    return {"notes": sentences}
