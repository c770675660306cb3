"""POST /adetailer: After Detailer on a client's picture."""

from __future__ import annotations

from aiohttp import web

from ....detailer.box import Size
from ....detailer.family import FAMILIES
from ... import assets, images
from ...errors import invalid
from ...graphs import Assets, Detailing, Words, detail, in_graph, with_embeddings
from ...service import Caller, Service, random_seed
from ...sizes import require_size
from ...workspace import Workspace, workspace
from .messages import ADetailerAnswer, ADetailerRequest


async def adetailer(service: Service, caller: Caller, request: ADetailerRequest) -> web.Response:
    """The detailed picture and the three counts."""
    assets.require_detector(request.detector)
    assets.require_style(request.style_preset)
    base = request.inpainting_base_model
    if request.use_refiner and base != "sdxl":
        raise invalid("use_refiner", "use_refiner works with inpainting_base_model sdxl only. Leave it out.")
    chosen = Assets(await assets.checkpoint(request.checkpoint, base, service.settings), assets.loras(request.loras))
    refiner = await assets.checkpoint(None, "refiner", service.settings, "use_refiner") if request.use_refiner else None
    prompt, negative = (with_embeddings(text, {}) for text in (request.prompt, request.negative_prompt))
    words = Words(prompt, negative, request.style_preset)
    async with workspace() as files:
        image = await _saved_image(service, request, files)
        wanted = Detailing(image, _widgets_of(request), refiner, request.high_noise_frac)
        done = await service.run(detail(chosen, words, wanted, service.checking()), caller)
    (file,) = await done.files(request.image_encoding)
    counts = {name: done.report[name][0] for name in ADetailerAnswer.model_fields if name != "image_b64"}
    return web.json_response({"image_b64": images.as_base64(file or b""), **counts})


def _widgets_of(request: ADetailerRequest) -> dict[str, object]:
    """After Detailer's widgets for the request."""
    seeds = request.seed if isinstance(request.seed, list) else []
    seed = request.seed if isinstance(request.seed, int) else random_seed()
    return in_graph(request) | request.sampling.inputs() | {"seed": seed, "seeds": ", ".join(map(str, seeds))}


async def _saved_image(service: Service, request: ADetailerRequest, files: Workspace) -> str:
    """LoadImage's name of the picture to repair, which has one of the base model's sizes."""
    if request.init_image:
        picture = await service.reader.read("init_image", request.init_image)
    else:
        picture = await service.reader.fetch("init_image_url", request.init_image_url or "")
    base = request.inpainting_base_model
    require_size("init_image", Size(*picture.size), FAMILIES[base].sizes, base)
    return await files.save(picture)
