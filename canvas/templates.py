"""The workflows in ComfyUI's template browser: their titles, what each does and needs, their order, their pictures.

ComfyUI takes the file name of a node pack's template for its title and its description, and lists files in any order.
The index of its own templates has fields for both, so ours are listed there, and served under their titles. A ComfyUI
without that index gets the titles alone.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

PACK = Path(__file__).parent.parent
WORKFLOWS = PACK / "workflows"
PICTURES = WORKFLOWS / "pictures"
LIST = "/workflow_templates"
APP = ".app"
INDEX = re.compile(r"/templates/(index(?:\.[a-z]{2}(?:-[A-Z]{2})?)?\.json)")
"""ComfyUI's own templates, in English or in another language."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Template(NamedTuple):
    """A card of the template browser, which draws hyphens of a description as spaces and finds whole tags first."""

    stem: str
    title: str
    description: str
    tags: Sequence[str] = ()

    @property
    def name(self) -> str:
        """What ComfyUI asks for and calls the workflow; older pages know an app by the ending, newer by `isApp`."""
        return f"{self.title}{APP if _opens_as_app(self.stem) else ''}"


@cache
def _opens_as_app(stem: str) -> bool:
    """Whether a workflow is saved to open in App mode."""
    graph = json.loads((WORKFLOWS / f"{stem}.json").read_text(encoding="utf-8"))
    return graph["extra"].get("linearMode", False)


@cache
def templates() -> tuple[Template, ...]:
    """In the order of the template browser."""
    table = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return tuple(Template(**entry) for entry in table)


def titled(stems: Iterable[str]) -> list[str]:
    """The titles of workflows in order; one without a title comes last, under its stem."""
    rest = set(stems)
    known = {template.stem: template.title for template in templates()}
    return [title for stem, title in known.items() if stem in rest] + sorted(rest - set(known))


def category() -> dict[str, Any]:
    """Our templates as a category of ComfyUI's index, which files them under this pack's name."""
    here = [template for template in templates() if (WORKFLOWS / f"{template.stem}.json").is_file()]
    cards = [
        {
            "name": template.name,
            "isApp": _opens_as_app(template.stem),
            "title": template.title,
            "description": template.description,
            "tags": template.tags,
            "mediaType": "image",
            "mediaSubtype": "jpg",
        }
        for template in here
    ]
    return {"moduleName": PACK.name, "title": "After Detailer", "type": "image", "templates": cards}


def register(server: Any) -> None:
    """Let ComfyUI's server list and serve the templates by their titles."""
    server.app.middlewares.append(_by_title)


@web.middleware
async def _by_title(request: web.Request, handler: Handler) -> web.StreamResponse:
    """ComfyUI's routes for templates, with titles in place of this pack's file names."""
    path = request.path.removeprefix("/api")
    if file := file_of(path):
        return web.FileResponse(file)
    if (index := INDEX.fullmatch(path)) and (listed := _indexed(index[1])):
        return web.json_response(listed)
    answer = await handler(request)
    if path != LIST or not isinstance(answer, web.Response) or not answer.text:
        return answer
    listed = json.loads(answer.text)
    if PACK.name in listed:
        stems = listed.pop(PACK.name)
        if _indexed("index.json") is None:
            listed[PACK.name] = titled(stems)
    return web.json_response(listed)


@cache
def _indexed(name: str) -> list[dict[str, Any]] | None:
    """ComfyUI's index of this file name with our category; None where ComfyUI has none."""
    from app.frontend_management import FrontendManager

    file = (FrontendManager.template_asset_map() or {}).get(name)
    if file is None:
        return None
    return [*json.loads(Path(file).read_text(encoding="utf-8")), category()]


def file_of(path: str) -> Path | None:
    """The graph or the thumbnail that a route names by a title; None for any other route."""
    folder, _, name = path.rpartition("/")
    title, _, kind = name.rpartition(".")
    if folder != f"{LIST}/{PACK.name}" or kind not in ("json", "jpg"):
        return None
    title = title.removesuffix(APP)
    stems = {template.title: template.stem for template in templates()}
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
