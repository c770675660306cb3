"""The ready nodes of subgraphs/ in ComfyUI's node library: the words that they are found by.

The page looks for a pack's search aliases in ComfyUI's list of blueprints, which leaves out those of the file.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from aiohttp import web

from .templates import PACK, Handler

LIST = "/global_subgraphs"


def register(server: Any) -> None:
    """Let ComfyUI's server list our blueprints with their search aliases."""
    server.app.middlewares.append(_with_aliases)


@web.middleware
async def _with_aliases(request: web.Request, handler: Handler) -> web.StreamResponse:
    answer = await handler(request)
    if request.path.removeprefix("/api") != LIST or not isinstance(answer, web.Response) or not answer.text:
        return answer
    listed = json.loads(answer.text)
    for blueprint in listed.values():
        info = blueprint["info"]
        if info["node_pack"] == f"custom_nodes.{PACK.name}":
            info.setdefault("search_aliases", _aliases(blueprint["name"]))
    return web.json_response(listed)


@cache
def _aliases(name: str) -> list[str]:
    """Empty for a graph without any, which somebody may have put beside ours."""
    graph = json.loads((PACK / "subgraphs" / f"{name}.json").read_text(encoding="utf-8"))
    return graph.get("extra", {}).get("BlueprintSearchAliases", [])
