"""`make workflows`: the part of a workflow between its loaders and its savers as one node, in subgraphs/.

ComfyUI's node library offers each of them; what is inside is the workflow's own graph, so there is no second copy.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

from rig.comfyui import ROOT

Graph = dict[str, Any]

FOLDER = ROOT / "subgraphs"
WORKFLOWS = ROOT / "workflows"
INPUT_NODE, OUTPUT_NODE = -10, -20
SLOT_HEIGHT = 20
NAMES = {"IMAGE": "image", "MASK": "mask", "MODEL": "model", "CLIP": "clip", "VAE": "vae", "STRING": "report"}
"""What a socket of the blueprint is called, by its type."""
NAMESPACE = uuid.UUID("8f6ab2de-3d2c-4f35-9f3b-2f7a4f6a61c5")
ALIASES = ["face", "adetailer", "facedetailer", "face detailer", "detailer", "hires", "fix"]


class Blueprint(NamedTuple):
    """A node made of a workflow: the titles of the nodes inside it, and the widgets on it: {label: (title, widget)}."""

    stem: str
    inside: tuple[str, ...]
    widgets: dict[str, tuple[str, str]]
    description: str
    aliases: tuple[str, ...] = ()


DETAILER = "After Detailer"
NOT_LOOK = "What they should not look like"


def whole_job(stem: str, look: str, detailer: str, description: str, *aliases: str) -> Blueprint:
    """Prompts and After Detailer of a workflow."""
    widgets = {
        "What to fix": (detailer, "detector"),
        "What it should look like": (look, "text"),
        "Strength": (detailer, "denoise"),
        "Seed": (detailer, "seed"),
    }
    return Blueprint(stem, (look, NOT_LOOK, detailer), widgets, description, aliases)


BLUEPRINTS = {
    "Fix Faces": whole_job(
        "detail-faces-sd15",
        "What the faces should look like",
        DETAILER,
        "Finds the faces of a picture and repaints each of them at the model's own resolution.",
    ),
    "Fix Hands": whole_job(
        "detail-hands-sd15",
        "What the hands should look like",
        "Repair the hands",
        "Finds the hands of a picture and repaints each of them with more of the surroundings in view.",
        "hand",
        "hands",
        "fingers",
    ),
    "Fix Faces by Prompt List": Blueprint(
        "detail-per-object-prompts",
        (
            *("For faces without a line of their own", NOT_LOOK, "Find the faces, from left to right"),
            *("Masks and windows", "One prompt and one seed per face"),
        ),
        {
            "One prompt a line, from left to right": ("One prompt and one seed per face", "object_prompts"),
            "For faces without a line": ("For faces without a line of their own", "text"),
            "Strength": ("One prompt and one seed per face", "denoise"),
            "Seed": ("One prompt and one seed per face", "seed"),
        },
        "Repaints each face of a picture by a line of text of its own, counted from left to right.",
        ("wildcard", "regional prompt"),
    ),
    "Fix Painted Mask": Blueprint(
        "inpaint-mask",
        (*("What to put there", "What not to put there", "The mask as one object", "Masks and windows", "Repaint"),),
        {
            "What to put there": ("What to put there", "text"),
            "Strength": ("Repaint", "denoise"),
            "Surroundings in view": ("Masks and windows", "mask_padding"),
            "Seed": ("Repaint", "seed"),
        },
        "Repaints what a mask marks at the model's own resolution; the rest stays to the bit.",
        ("inpaint", "mask"),
    ),
    "Crop, Any Graph, Paste": Blueprint(
        "crop-any-model-paste",
        (
            *("What the faces should look like", NOT_LOOK, "Find the faces", "Masks and windows"),
            *("Cut the faces out", "Any nodes may stand from here", "Repaint the crops", "to here"),
            "Put the faces back",
        ),
        {
            "What to fix": ("Find the faces", "detector"),
            "What it should look like": ("What the faces should look like", "text"),
            "Strength": ("Repaint the crops", "denoise"),
            "Seed": ("Repaint the crops", "seed"),
        },
        "Cuts faces out, sends them through any nodes, and puts them back without a seam. Open it to change the nodes.",
        ("crop and stitch", "inpaint crop"),
    ),
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, blueprint in BLUEPRINTS.items():
        graph = json.loads((WORKFLOWS / f"{blueprint.stem}.json").read_text(encoding="utf-8"))
        text = json.dumps(made_of(graph, name, blueprint), ensure_ascii=False, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def made_of(graph: Graph, name: str, blueprint: Blueprint) -> Graph:
    """The blueprint's file: one node, and what is inside it."""
    inner = [node for node in graph["nodes"] if title_of(node) in blueprint.inside]
    missing = set(blueprint.inside) - {title_of(node) for node in inner}
    if missing:
        raise ValueError(f"{blueprint.stem} has no node called {', '.join(sorted(missing))}.")
    ids = {node["id"] for node in inner}
    inputs, outputs, links = wired(graph, ids, name)
    nodes = [with_links(node, links) for node in inner]
    outer = outer_node(name, nodes, inputs, outputs, blueprint)
    subgraph = {
        "id": outer["type"],
        "version": 1,
        "state": {
            "lastGroupId": 0,
            "lastNodeId": max(ids),
            "lastLinkId": max(link["id"] for link in links),
            "lastRerouteId": 0,
        },
        "revision": 0,
        "config": {},
        "name": name,
        "inputNode": {"id": INPUT_NODE, "bounding": beside(inner, inputs, -1)},
        "outputNode": {"id": OUTPUT_NODE, "bounding": beside(inner, outputs, 1)},
        "inputs": inputs,
        "outputs": outputs,
        "widgets": [],
        "nodes": nodes,
        "groups": [],
        "links": links,
        "extra": {},
        "category": "AfterDetail",
        "description": blueprint.description,
    }
    extra = {
        "BlueprintDescription": blueprint.description,
        "BlueprintSearchAliases": [*ALIASES, *blueprint.aliases],
    }
    return {
        "revision": 0,
        "last_node_id": 1,
        "last_link_id": 0,
        "nodes": [outer],
        "links": [],
        "version": 0.4,
        "definitions": {"subgraphs": [subgraph]},
        "extra": extra,
    }


def title_of(node: Graph) -> str:
    return str(node.get("title") or {"AfterDetail": DETAILER}.get(node["type"], node["type"]))


def wired(graph: Graph, ids: set[int], name: str) -> tuple[list[Graph], list[Graph], list[Graph]]:
    """Sockets of the blueprint for the links that cross its border, one for each source, and the links inside it."""
    links: list[Graph] = []
    inputs: dict[tuple[int, int], Graph] = {}
    outputs: dict[tuple[int, int], Graph] = {}
    for number, source, slot, target, target_slot, kind in graph["links"]:
        if source not in ids and target not in ids:
            continue
        link = {"id": number, "origin_id": source, "origin_slot": slot, "target_id": target, "target_slot": target_slot}
        if source not in ids:
            socket = inputs.setdefault((source, slot), new_socket(kind, name, "in", inputs))
            link |= {"origin_id": INPUT_NODE, "origin_slot": list(inputs).index((source, slot))}
        elif target not in ids:
            if (source, slot) in outputs or kind not in ("IMAGE", "STRING"):
                continue
            socket = outputs.setdefault((source, slot), new_socket(kind, name, "out", outputs))
            link |= {"target_id": OUTPUT_NODE, "target_slot": list(outputs).index((source, slot))}
        else:
            socket = None
        if socket is not None:
            socket["linkIds"].append(number)
        links.append(link | {"type": kind})
    return list(inputs.values()), list(outputs.values()), links


def new_socket(kind: str, name: str, side: str, others: dict[tuple[int, int], Graph]) -> Graph:
    taken = {socket["name"] for socket in others.values()}
    plain = NAMES.get(kind, kind.lower())
    called = plain if plain not in taken else f"{plain} {len(taken)}"
    return {
        "id": str(uuid.uuid5(NAMESPACE, f"{name} {side} {called}")),
        "name": called,
        "type": kind,
        "linkIds": [],
        "pos": [0, 0],
    }


def beside(inner: list[Graph], sockets: list[Graph], side: int) -> list[float]:
    """Where the node of the border stands: left of all others (-1) or right of them (1)."""
    height = 40 + SLOT_HEIGHT * len(sockets)
    top = min(node["pos"][1] for node in inner)
    if side < 0:
        left = min(node["pos"][0] for node in inner) - 220
    else:
        left = max(node["pos"][0] + node["size"][0] for node in inner) + 100
    return [left, top, 120, height]


def with_links(node: Graph, links: list[Graph]) -> Graph:
    """The node with only the links that stay."""
    inside = {link["id"] for link in links}
    made = json.loads(json.dumps(node))
    for item in made["inputs"]:
        if item.get("link") not in inside:
            item["link"] = None
    for item in made["outputs"]:
        item["links"] = [number for number in item.get("links") or [] if number in inside] or None
    return made


def name_widget(node: Graph, widget: str, label: str) -> None:
    """Give a widget a plain label, which ComfyUI keeps at the widget's socket."""
    node["inputs"].append({"name": widget, "label": label, "type": "*", "widget": {"name": widget}, "link": None})


def outer_node(name: str, inner: list[Graph], inputs: list[Graph], outputs: list[Graph], blueprint: Blueprint) -> Graph:
    by_title = {title_of(node): node for node in inner}
    promoted = [[str(by_title[title]["id"]), widget] for title, widget in blueprint.widgets.values()]
    for label, (title, widget) in blueprint.widgets.items():
        name_widget(by_title[title], widget, label)
    sockets = [{"name": item["name"], "type": item["type"], "link": None} for item in inputs]
    return {
        "id": 1,
        "type": str(uuid.uuid5(NAMESPACE, name)),
        "pos": [0, 0],
        "size": [340, 220],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": sockets,
        "outputs": [{"name": item["name"], "type": item["type"], "links": []} for item in outputs],
        "properties": {"proxyWidgets": promoted},
        "widgets_values": [],
        "title": name,
    }


if __name__ == "__main__":
    main()
