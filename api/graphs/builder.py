"""A graph under construction."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

Graph = dict[str, dict[str, Any]]
Link = list[Any]
"""[node id, index of its output], as API graphs write it."""


class Shown(NamedTuple):
    """The tickets of the results: of the pictures, and of white ones where a picture was removed."""

    pictures: str
    removed: str | None = None


class Built(NamedTuple):
    """A graph, what it shows, and the id of the node whose report counts objects."""

    graph: Graph
    shown: Shown
    report: str = ""


class Checking(NamedTuple):
    """The files of a Safety Check."""

    clip_vision: str
    concepts: str
    threshold: float


class Builder:
    def __init__(self, checking: Checking | None = None):
        self.graph: Graph = {}
        self._checking = checking

    def add(self, class_type: str, title: str, **inputs: Any) -> Node:
        """One more node; `title` is for who reads the log."""
        node = Node(str(len(self.graph) + 1))
        self.graph[node.id] = {"class_type": class_type, "inputs": inputs, "_meta": {"title": title}}
        return node

    def safety(self, image: Link) -> Node | None:
        """A Safety Check of `image`; None if the server has none."""
        if self._checking is None:
            return None
        sees = self.add("CLIPVisionLoader", "What the safety check sees with", clip_name=self._checking.clip_vision)
        return self.add(
            "AfterDetailSafety",
            "Safety check",
            image=image,
            clip_vision=sees.out(),
            threshold=self._checking.threshold,
            concepts=self._checking.concepts,
        )

    def show(self, image: Link, check: bool = True) -> Shown:
        """Have a batch of results handed to the service."""
        safe = self.safety(image) if check else None
        if safe is None:
            return Shown(self._handed_over(image))
        white = self.add("MaskToImage", "White where a picture was removed", mask=safe.out(1))
        return Shown(self._handed_over(safe.out(0)), self._handed_over(white.out()))

    def _handed_over(self, image: Link) -> str:
        # A ticket is used once, so that ComfyUI does not take an equal, earlier job's result for this one's.
        ticket = uuid.uuid4().hex
        self.add("AfterDetailServiceResult", "Result", image=image, ticket=ticket)
        return ticket


class Node(NamedTuple):
    id: str

    def out(self, index: int = 0) -> Link:
        """A link to one of its outputs."""
        return [self.id, index]
