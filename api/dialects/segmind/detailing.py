"""POST /v1/face-detailer: After Detailer on the faces of a client's picture."""

from __future__ import annotations

from aiohttp import web

from ....detailer.box import Size
from ... import assets, images
from ...graphs import Assets, Detailing, Words, detail, in_graph, with_embeddings
from ...service import Caller, Service, random_seed
from ...sizes import require_sides
from ...workspace import workspace
from .messages import CREDITS, DETECTOR, FaceDetailerRequest


async def face_detailer(service: Service, caller: Caller, wish: FaceDetailerRequest) -> web.Response:
    base = service.settings.segmind_base_model
    chosen = Assets(await assets.checkpoint(None, base, service.settings))
    words = Words(with_embeddings(wish.prompt, {}), with_embeddings(wish.negative_prompt, {}))
    seed = random_seed() if wish.seed < 0 else wish.seed
    widgets = in_graph(wish) | wish.sampling.inputs() | {"base_model": base, "detector": DETECTOR, "seed": seed}
    async with workspace() as files:
        picture = await service.reader.read_or_fetch("image", wish.image)
        require_sides("image", Size(*picture.size))
        wanted = Detailing(await files.save(picture), widgets, samples=wish.samples)
        del picture  # it may wait long
        done = await service.run(detail(chosen, words, wanted, service.checking()), caller)
    if not wish.base64:
        (picture,) = done.pictures
        content = await images.encoded(picture, wish.image_format, wish.image_quality)
        return web.Response(body=content, content_type=images.MIME[wish.image_format], headers=CREDITS)
    texts = [await images.as_base64(picture, wish.image_format, wish.image_quality) for picture in done.pictures]
    return web.json_response({"image": texts[0], "images": texts}, headers=CREDITS)
