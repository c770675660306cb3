"""The nodes' names and tooltips and their panels' words in every language of `locales/`; `make locales` writes them.

English comes from the schemas and from `web/js`, the others from `locales/<language>.json`, which maps each English
text to its translation. ComfyUI reads `locales/<language>/nodeDefs.json` and `main.json`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rig.comfyui import ROOT
from rig.server import ComfyServer

LOCALES = ROOT / "locales"
SCRIPTS = ROOT / "web" / "js"
SOURCE = "en"
LANGUAGES = ("zh", "ja", "ko", "de", "fr", "es", "ru")

Texts = dict[str, Any]
"""Nested dicts whose leaves are texts."""

PHRASE = re.compile(r'\bphrase\(\s*("(?:[^"\\]|\\.)*")')
"""What a panel says; see `web/js/words.mjs`."""


def phrases() -> set[str]:
    """What the panels say, in English."""
    scripts = [path.read_text(encoding="utf-8") for path in SCRIPTS.iterdir()]
    return {json.loads(text) for script in scripts for text in PHRASE.findall(script)}


NAME = "AfterDetail"
"""The same in every language."""
MAIN: Texts = {
    "nodeCategories": {"afterdetail": "AfterDetail"},
    "dataTypes": {
        "AFTERDETAIL_DETECTIONS": "detections",
        "AFTERDETAIL_REGIONS": "regions",
        "AFTERDETAIL_SAFETY": "safety",
    },
    "afterdetail": {text: text for text in sorted(phrases())},
}


def node_defs(nodes: Mapping[str, Any]) -> Texts:
    """What `nodeDefs.json` holds in English: names and tooltips of the nodes, which are as /object_info gives them."""
    return {node_id: node_texts(info) for node_id, info in nodes.items()}


def node_texts(info: Mapping[str, Any]) -> Texts:
    inputs: Texts = {}
    for group in ("required", "optional"):
        for name, (_, options) in ((name, (*kind, {})[:2]) for name, kind in info["input"].get(group, {}).items()):
            inputs[name] = texts(name, options.get("tooltip"))
    outputs = zip(info["output_name"], info["output_tooltips"], strict=True)
    return {
        "display_name": info["display_name"],
        "description": info["description"],
        "inputs": inputs,
        "outputs": {str(place): texts(name, tooltip) for place, (name, tooltip) in enumerate(outputs)},
    }


def texts(name: str, tooltip: str | None) -> Texts:
    return {"name": name, "tooltip": tooltip} if tooltip else {"name": name}


def of_the_pack(object_info: Mapping[str, Any]) -> dict[str, Any]:
    return {name: info for name, info in object_info.items() if info["python_module"].endswith(".afterdetail")}


def leaves(tree: Texts) -> Iterator[str]:
    """Every text of a tree, in order."""
    for value in tree.values():
        if isinstance(value, str):
            yield value
        else:
            yield from leaves(value)


def translated(tree: Texts, table: Mapping[str, str]) -> Texts:
    """The same tree in another language; a text that the table lacks stays English."""
    return {
        key: table.get(value, value) if isinstance(value, str) else translated(value, table)
        for key, value in tree.items()
    }


def table(language: str) -> dict[str, str]:
    """From English; empty for English itself."""
    path = LOCALES / f"{language}.json"
    return json.loads(path.read_text(encoding="utf-8")) if language != SOURCE else {}


def files(english: Texts) -> dict[Path, str]:
    """Every generated file with its content."""
    contents = {}
    for language in (SOURCE, *LANGUAGES):
        for name, tree in (("nodeDefs.json", english), ("main.json", MAIN)):
            text = json.dumps(translated(tree, table(language)), ensure_ascii=False, indent=1)
            contents[LOCALES / language / name] = text + "\n"
    return contents


def gaps(english: Texts) -> list[str]:
    """A line for each text that a language lacks, and for each that is nowhere any more."""
    wanted = set(leaves(english)) | set(leaves(MAIN)) - {NAME}
    lines = []
    for language in LANGUAGES:
        known = set(table(language))
        lines += [f"locales/{language}.json lacks {text!r}" for text in sorted(wanted - known)]
        lines += [f"locales/{language}.json has {text!r}, which nothing says" for text in sorted(known - wanted)]
    return lines


def main() -> None:
    with ComfyServer() as comfy:
        english = node_defs(of_the_pack(comfy.object_info()))
    for path, content in files(english).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    if found := gaps(english):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
