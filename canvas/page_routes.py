"""The HTTP routes of the canvas: live masks, the pictures of a run, missing weights, styled prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import torch
from aiohttp import web
from PIL import Image

from ..nodes.style import at_hand
from .live_masks import preview
from .snapshots import Snapshot, SnapshotStore
from .weight_downloads import WeightRoutes

GONE = (
    "What this node saw is no longer in memory. Run the graph again; if ComfyUI takes the node's result from its "
    "cache, unload models and execution cache first (in the menu of the queue)."
)
_worker = ThreadPoolExecutor(1, "afterdetail-canvas")
"""One at a time and off the event loop, which serves everybody."""


class SnapshotRoutes:
    """Routes to what nodes saw in their last runs."""

    def __init__(self, snapshots: SnapshotStore):
        self._snapshots = snapshots

    def register(self, server: Any) -> None:
        """Add the routes to ComfyUI's server."""
        server.routes.post("/afterdetail/preview")(self.preview)
        server.routes.get("/afterdetail/preview/{token}/{side:before|after}/{index:[0-9]+}")(self.picture)
        server.routes.get("/afterdetail/preview/{token}")(self.availability)
        server.routes.delete("/afterdetail/preview/{token}")(self.release)

    async def preview(self, request: web.Request) -> web.Response:
        """{token, image, widgets} -> the objects and the mask under these widget values; 410 for an unknown token."""
        match await _body(request):
            case {"token": str(token), "image": int(index), "widgets": dict(widgets)}:
                pass
            case _:
                raise web.HTTPBadRequest(text='Send {"token": text, "image": number, "widgets": {name: value}}.')
        snapshot = self._snapshot(token)
        try:
            return web.json_response(await _off_loop(lambda: preview(snapshot, index, widgets)))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error

    async def picture(self, request: web.Request) -> web.Response:
        """The image of a run as JPEG."""
        snapshot, index = self._snapshot(request.match_info["token"]), int(request.match_info["index"])
        pictures = snapshot.before if request.match_info["side"] == "before" else snapshot.after
        if index >= len(pictures):
            raise web.HTTPNotFound(text=f"There is no picture {index}: {len(pictures)} are there, counted from 0.")
        jpeg = await _off_loop(lambda: _jpeg(pictures[index]))
        return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def availability(self, request: web.Request) -> web.Response:
        """Whether a snapshot is there: for a page that comes back, where it is no fault that it is not."""
        return web.json_response({"available": self._snapshots.get(request.match_info["token"]) is not None})

    async def release(self, request: web.Request) -> web.Response:
        """The node was removed."""
        self._snapshots.release(request.match_info["token"])
        return web.Response(status=204)

    def _snapshot(self, token: str) -> Snapshot:
        snapshot = self._snapshots.get(token)
        if snapshot is None:
            raise web.HTTPGone(text=GONE)
        return snapshot


async def _styled(request: web.Request) -> web.Response:
    """{prompt, negative_prompt} -> both in every style, as [{name, prompt, negative_prompt}]."""
    match await _body(request):
        case {"prompt": str(prompt), "negative_prompt": str(negative_prompt)}:
            pass
        case _:
            raise web.HTTPBadRequest(text='Send {"prompt": text, "negative_prompt": text}.')
    try:
        table = at_hand()
    except ValueError as error:
        raise web.HTTPConflict(text=str(error)) from error
    return web.json_response(
        [{"name": name, **style.around(prompt, negative_prompt)._asdict()} for name, style in table.items()]
    )


def register(server: Any, snapshots: SnapshotStore) -> None:
    """Add all routes of the canvas to ComfyUI's server."""
    SnapshotRoutes(snapshots).register(server)
    WeightRoutes().register(server)
    server.routes.post("/afterdetail/styles")(_styled)


async def _body(request: web.Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        return None


async def _off_loop(work: Callable[[], Any]) -> Any:
    def run() -> Any:
        with torch.inference_mode():  # what a run leaves are inference tensors, which no other mode may change
            return work()

    return await asyncio.get_running_loop().run_in_executor(_worker, run)


def _jpeg(pixels: torch.Tensor) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels.numpy()).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
