"""The workflows in ComfyUI's template browser: their titles, their order, and the pictures they start from.

ComfyUI takes the file name of a node pack's template for its title and description, and lists files in any order. Our
own are therefore listed by the titles of templates.json, in that order, and served under them.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

PACK = Path(__file__).parent.parent
WORKFLOWS = PACK / "workflows"
PICTURES = WORKFLOWS / "pictures"
LIST = "/workflow_templates"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def titles() -> dict[str, str]:
    """Stem of a workflow's file -> its title, in the order of the template browser."""
    table = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return {entry["stem"]: entry["title"] for entry in table}


def titled(stems: Iterable[str]) -> list[str]:
    """The titles of workflows in order; one without a title comes last, under its stem."""
    rest, table = set(stems), titles()
    return [title for stem, title in table.items() if stem in rest] + sorted(rest - set(table))


def register(server: Any) -> None:
    """Let ComfyUI's server list and serve the templates by their titles."""
    server.app.middlewares.append(by_title)


@web.middleware
async def by_title(request: web.Request, handler: Handler) -> web.StreamResponse:
    """ComfyUI's routes for templates, with titles in place of this pack's file names."""
    path = request.path.removeprefix("/api")
    if file := file_of(path):
        return web.FileResponse(file)
    answer = await handler(request)
    if path != LIST or not isinstance(answer, web.Response) or not answer.text:
        return answer
    listed = json.loads(answer.text)
    if PACK.name in listed:
        listed[PACK.name] = titled(listed[PACK.name])
    return web.json_response(listed)


def file_of(path: str) -> Path | None:
    """The graph or the thumbnail that a route names by a title; None for any other route."""
    folder, _, name = path.rpartition("/")
    title, _, kind = name.rpartition(".")
    if folder != f"{LIST}/{PACK.name}" or kind not in ("json", "jpg"):
        return None
    stems = {title: stem for stem, title in titles().items()}
    return WORKFLOWS / f"{stems[title]}.{kind}" if title in stems else None


def offer_pictures(input_folder: Path) -> None:
    """Put what the templates start from beside the user's own pictures, for LoadImage lists no other folder.

    A file of the same name is left as it is.
    """
    for picture in PICTURES.glob("afterdetail-*"):
        target = input_folder / picture.name
        try:
            if not target.exists():
                shutil.copy(picture, target)
        except OSError as error:
            logging.getLogger("afterdetail").warning("%s is missing for the templates: %s", target, error)
            return
