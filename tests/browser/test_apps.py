"""Every workflow has a form for ComfyUI's App mode; some open as apps."""

from __future__ import annotations

import pytest
from rig.graphs import graph
from rig.workflows import STEMS
from workflow_apps import OPEN


@pytest.mark.parametrize("stem", STEMS)
def test_every_workflow_names_what_its_form_asks_for_and_shows(stem):
    opened = graph(stem)
    ids = {str(node["id"]): node for node in opened["nodes"]}
    form = opened["extra"]["linearData"]
    assert form["inputs"] and all(node in ids for node, _ in form["inputs"])
    assert form["outputs"] and all(ids[node]["type"].startswith(("Save", "ImageCompare")) for node in form["outputs"])
    assert bool(opened["extra"].get("linearMode")) == (stem in OPEN)
