"""GET /v3/model: the names this server takes as model_name, and those of LoRAs, embeddings and VAEs."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from aiohttp import web

from ....detailer.family import CheckpointKind
from ... import assets
from ...service import Service
from ...validation import parse_query
from .messages import Model, ModelKind, ModelList, ModelPages, ModelQuery, ModelType

FOLDERS: dict[ModelKind, str] = {
    "checkpoint": "checkpoints",
    "lora": "loras",
    "textualinversion": "embeddings",
    "vae": "vae",
}
BASE_MODELS: dict[CheckpointKind | None, str] = {
    "sd15": "SD 1.5",
    "sdxl": "SDXL 1.0",
    "refiner": "SDXL Refiner",
    None: "",
}


async def models(service: Service, request: web.Request, client: str) -> web.Response:
    """The page of this server's models that the query asks for."""
    query = parse_query(ModelQuery, request.query)
    found: list[tuple[ModelKind, str]] = [item for item in _named(query) if await _is_wanted(*item, query)]
    first, last = query.cursor, query.cursor + query.limit
    page = [await _entry(kind, name) for kind, name in found[first:last]]
    following = f"c_{last}" if last < len(found) else ""
    answer = ModelList(models=page, pagination=ModelPages(next_cursor=following))
    return web.json_response(answer.model_dump())


def _named(query: ModelQuery) -> Iterator[tuple[ModelKind, str]]:
    """Kinds and file names, in a lasting order. All are public: there is no account to have private ones."""
    if query.visibility == "private":
        return
    for kind, folder in FOLDERS.items():
        if query.kinds and kind not in query.kinds:
            continue
        for name in sorted(assets.names(folder)):
            if query.query.casefold() in name.casefold():
                yield kind, name


async def _is_wanted(kind: ModelKind, name: str, query: ModelQuery) -> bool:
    """Whether a model passes the query's filters."""
    if not query.is_inpainting and query.is_sdxl is None:
        return True
    if kind != "checkpoint":
        return False
    traits = await assets.traits_of(assets.find("model_name", "checkpoints", name))
    return traits.inpaint >= query.is_inpainting and query.is_sdxl in (None, traits.kind in ("sdxl", "refiner"))


async def _entry(kind: ModelKind, name: str) -> Model:
    """A model in Novita's form: its name and kind, no path and no size."""
    base = ""
    if kind == "checkpoint":
        base = BASE_MODELS[(await assets.traits_of(assets.find("model_name", "checkpoints", name))).kind]
    return Model(
        id=zlib.crc32(f"{kind}/{name}".encode()),
        name=assets.stem(name),
        sd_name=name,
        sd_name_in_api=name,
        type=ModelType(name=kind, display_name=kind.capitalize()),
        base_model=base,
    )
