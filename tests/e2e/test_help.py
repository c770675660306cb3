"""The help pages of the nodes, against what a running ComfyUI says of the nodes."""

import json
import re

import pytest
from rig.comfyui import ROOT
from translations import of_the_pack

DOCS = ROOT / "web" / "docs"
PICTURE = re.compile(r"!\[([^\]]+)\]\(([^)]+)\)")
EXAMPLE = re.compile(r"```json\n(.*?)```", re.DOTALL)
PICTURE_BYTES = 60_000
PAGES = sorted(path.stem for path in DOCS.glob("*.md"))


@pytest.fixture(scope="module")
def nodes(comfy) -> dict:
    return of_the_pack(comfy.object_info())


def page(node_id: str) -> str:
    return (DOCS / f"{node_id}.md").read_text("utf-8")


def inputs_of(info: dict) -> set[str]:
    return {name for group in ("required", "optional") for name in info["input"].get(group, {})}


def test_every_node_has_a_page_and_every_page_a_node(nodes):
    assert set(PAGES) == set(nodes)


def test_every_input_and_output_is_explained(nodes):
    """In bold, as a person reads it on the node."""
    missing = [
        f"{node_id}.md does not explain {name}"
        for node_id, info in nodes.items()
        for name in sorted(inputs_of(info) | set(info["output_name"]))
        if f"**{name}**" not in page(node_id)
    ]
    assert not missing, "\n".join(missing)


def test_the_title_is_the_nodes_name(nodes):
    assert {node_id: page(node_id).splitlines()[0] for node_id in nodes} == {
        node_id: f"# {info['display_name']}" for node_id, info in nodes.items()
    }


def test_every_example_is_json_and_its_inputs_exist(nodes):
    for node_id, info in nodes.items():
        examples = [json.loads(text) for text in EXAMPLE.findall(page(node_id))]
        own = [example["inputs"] for example in examples if example.get("class_type") == node_id]
        assert own, node_id
        assert not [set(inputs) - inputs_of(info) for inputs in own if set(inputs) - inputs_of(info)], node_id


@pytest.mark.parametrize("node_id", PAGES)
def test_a_page_shows_a_small_picture_that_comfyui_serves(comfy, node_id):
    base = "/extensions/afterdetail/docs"  # where the page looks for what has no address of its own
    text = comfy.get(f"{base}/{node_id}.md").content.decode()
    ((described, address),) = PICTURE.findall(text)
    picture = comfy.get(f"{base}/{address}")
    assert described and picture.headers["content-type"] == "image/jpeg"
    assert len(picture.content) < PICTURE_BYTES
