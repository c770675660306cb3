"""The list of blueprints that the page searches in; tests/e2e/test_blueprints.py has ComfyUI's own."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from afterdetail.canvas import blueprints
from aiohttp import web


def test_a_graph_that_somebody_has_put_beside_ours_is_listed_too(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(blueprints, "PACK", tmp_path)
    (tmp_path / "subgraphs").mkdir()
    (tmp_path / "subgraphs" / "My own.json").write_text('{"nodes": []}')
    listed = {"1": {"name": "My own", "info": {"node_pack": f"custom_nodes.{tmp_path.name}"}}}
    request: Any = SimpleNamespace(path="/api/global_subgraphs")

    async def comfyui(_: object) -> web.Response:
        return web.json_response(listed)

    answer = asyncio.run(blueprints._with_aliases(request, comfyui))
    assert isinstance(answer, web.Response) and answer.text
    assert json.loads(answer.text)["1"]["name"] == "My own"
