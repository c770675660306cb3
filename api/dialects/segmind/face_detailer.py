"""POST /v1/face-detailer: After Detailer on the faces of a client's picture."""

from __future__ import annotations

from aiohttp import web

from ....detailer.box import Size
from ... import assets, images
from ...graphs import Assets, Detailing, Words, detail, in_graph, with_embeddings
from ...service import Caller, Service, seed_or_random
from ...sizes import require_makeable, require_sides
from ...workspace import workspace
from .messages import CREDITS, DETECTOR, FaceDetailerRequest


async def face_detailer(service: Service, caller: Caller, request: FaceDetailerRequest) -> web.Response:
    """The picture's bytes, or base64 for all samples."""
    base = service.settings.segmind_base_model
    chosen = Assets(await assets.checkpoint(None, base, service.settings))
    words = Words(with_embeddings(request.prompt, {}), with_embeddings(request.negative_prompt, {}))
    own = {"base_model": base, "detector": DETECTOR, "seed": seed_or_random(request.seed)}
    widgets = in_graph(request) | request.sampling.inputs() | own
    async with workspace() as files:
        picture = await service.reader.read_or_fetch("image", request.image)
        size = Size(*picture.size)
        require_sides("image", size)
        made = Size(round(size.width * request.upscale), round(size.height * request.upscale))
        field = "upscale" if request.upscale > 1 else "samples"
        require_makeable(field, made, request.samples, request.image_format, service.settings.max_pixels)
        wanted = Detailing(await files.save(picture), widgets, samples=request.samples)
        del picture  # it may wait long
        done = await service.run(detail(chosen, words, wanted, service.checking()), caller)
    files = [file for file in await done.files(request.image_format, request.image_quality) if file]
    if not request.base64:
        return web.Response(body=files[0], content_type=images.MIME[request.image_format], headers=CREDITS)
    texts = list(map(images.as_base64, files))
    return web.json_response({"image": texts[0], "images": texts}, headers=CREDITS)
