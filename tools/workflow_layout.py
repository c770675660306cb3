"""Laying out a workflow on the canvas so that nothing overlaps in either renderer, before a run or after it.

A graph's columns, and who stands above whom in them, are its author's; how far apart things stand is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Graph = dict[str, Any]

TITLE = 30
MARGIN = 25
"""From a node to its group's edge, and from a group to the picture's."""
GAP = 75
"""From a column of groups to the next, for the links."""
PANEL_ROOM = 440
"""What a panel takes once it is open."""
WITH_PANEL = ("AfterDetail", "AfterDetailDetect", "AfterDetailRegions", "AfterDetailInpaint")


def lay_out(graph: Graph, heights: Mapping[int, float]) -> None:
    """Stack nodes in their groups and groups in their columns; `heights` by node id, as the renderers draw them."""
    members = [_inside(graph, group) for group in graph["groups"]]
    columns = _columns(graph["groups"])
    for group, nodes in zip(graph["groups"], members, strict=True):
        _spread(nodes)
        _fit(group, nodes, heights)
    left = None
    for column in columns:
        shift = 0 if left is None else left - min(group["bounding"][0] for group in column)
        top = 0
        for group in sorted(column, key=lambda group: group["bounding"][1]):
            _move(group, members[graph["groups"].index(group)], shift, top - group["bounding"][1])
            top += group["bounding"][3] + MARGIN
        left = max(group["bounding"][0] + group["bounding"][2] for group in column) + GAP


def _inside(graph: Graph, group: Graph) -> list[Graph]:
    x, y, width, height = group["bounding"]
    return [node for node in graph["nodes"] if x <= node["pos"][0] <= x + width and y <= node["pos"][1] <= y + height]


def _spread(nodes: list[Graph]) -> None:
    """Nodes that start further right stand behind those that start further left, so that links run to the right."""
    moved: dict[float, float] = {}
    for left in sorted({node["pos"][0] for node in nodes}):
        before = [moved[node["pos"][0]] + node["size"][0] for node in nodes if node["pos"][0] in moved]
        moved[left] = max([left, *(end + 2 * MARGIN for end in before)])
    for node in nodes:
        node["pos"][0] = moved[node["pos"][0]]


def _fit(group: Graph, nodes: list[Graph], heights: Mapping[int, float]) -> None:
    """Nodes of a group below each other where they share a column, and the group around them."""
    x, y, *_ = group["bounding"]
    placed: list[tuple[Graph, float]] = []
    for node in sorted(nodes, key=lambda node: node["pos"][1]):
        above = [bottom for other, bottom in placed if _share_a_column(node, other)]
        node["pos"][1] = max([y + MARGIN, *above]) + MARGIN + TITLE + 10
        placed.append((node, node["pos"][1] + _room(node, heights)))
    group["bounding"][2] = max(node["pos"][0] + node["size"][0] + MARGIN - x for node in nodes)
    group["bounding"][3] = max(bottom for _, bottom in placed) + MARGIN - y


def _room(node: Graph, heights: Mapping[int, float]) -> float:
    height = max(heights.get(node["id"], 0), node["size"][1])
    return height + (PANEL_ROOM if node["type"] in WITH_PANEL else 0)


def _share_a_column(one: Graph, other: Graph) -> bool:
    (left, width), (other_left, other_width) = ((node["pos"][0], node["size"][0]) for node in (one, other))
    return left < other_left + other_width and other_left < left + width


def _columns(groups: list[Graph]) -> list[list[Graph]]:
    """Groups that lie over each other, from left to right."""
    columns: list[list[Graph]] = []
    for group in sorted(groups, key=lambda group: group["bounding"][0]):
        right = max((other["bounding"][0] + other["bounding"][2] for other in columns[-1]), default=0) if columns else 0
        if columns and group["bounding"][0] < right:
            columns[-1].append(group)
        else:
            columns.append([group])
    return columns


def _move(group: Graph, nodes: list[Graph], across: float, down: float) -> None:
    for position in (group["bounding"], *(node["pos"] for node in nodes)):
        position[0] += across
        position[1] += down
