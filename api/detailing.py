"""POST /adetailer and POST /v1/face-detailer: both are After Detailer on a client's picture."""

from __future__ import annotations

from aiohttp import web

from ..detailer import styles
from ..detailer.box import Size
from ..detailer.family import FAMILIES
from ..detailer.samplers import OCTOAI_LATER, SAMPLERS
from ..nodes.style import at_hand
from . import assets, images, octoai, segmind
from .errors import invalid
from .graphs import Assets, Detailing, Sampling, Words, detail, with_embeddings
from .service import Caller, Service, random_seed
from .workspace import Workspace, workspace

OCTOAI_SAMPLERS = SAMPLERS | OCTOAI_LATER
MIN_SIDE = 16


async def adetailer(service: Service, caller: Caller, wish: octoai.ADetailerRequest) -> web.Response:
    assets.require_detector(wish.detector)
    require_style(wish.style_preset)
    base = wish.inpainting_base_model
    if wish.use_refiner and base != "sdxl":
        raise invalid("use_refiner", "use_refiner works with inpainting_base_model sdxl only. Leave it out.")
    chosen = Assets(await assets.checkpoint(wish.checkpoint, base, service.settings), loras(wish.loras))
    refiner = await assets.checkpoint(None, "refiner", service.settings, "use_refiner") if wish.use_refiner else None
    words = Words(with_embeddings(wish.prompt, {}), with_embeddings(wish.negative_prompt, {}), wish.style_preset)
    async with workspace() as files:
        detailing = detailing_of(wish, await saved_image(service, wish, files), refiner)
        done = await service.run(detail(chosen, words, detailing, service.checking()), caller)
    (picture,) = done.pictures
    counts = {name: done.report[name][0] for name in octoai.ADetailerAnswer.model_fields if name != "image_b64"}
    return web.json_response({"image_b64": await images.as_base64(picture, wish.image_encoding), **counts})


async def saved_image(service: Service, wish: octoai.ADetailerRequest, files: Workspace) -> str:
    """LoadImage's name of the picture to repair, which has one of the base model's sizes."""
    if wish.init_image:
        picture = await service.reader.read("init_image", wish.init_image)
    else:
        picture = await service.reader.fetch("init_image_url", wish.init_image_url or "")
    base = wish.inpainting_base_model
    require_size("init_image", Size(*picture.size), FAMILIES[base].sizes, base)
    return await files.save(picture)


def detailing_of(wish: octoai.ADetailerRequest, image: str, refiner: str | None) -> Detailing:
    return Detailing(
        image=image,
        base_model=wish.inpainting_base_model,
        detector=wish.detector,
        sampling=Sampling(wish.steps, wish.cfg_scale, OCTOAI_SAMPLERS[wish.sampler]),
        denoise=in_hundredths(wish.strength),
        seed=wish.seed if isinstance(wish.seed, int) else random_seed(),
        seeds=tuple(wish.seed) if isinstance(wish.seed, list) else (),
        confidence=wish.confidence,
        max_num_detections=wish.max_num_detections or 0,
        mask_dilation=wish.mask_dilation,
        mask_blur=wish.mask_blur,
        mask_padding=wish.mask_padding,
        union_masks=wish.union_masks,
        refiner=refiner,
        high_noise_frac=wish.high_noise_frac,
    )


async def face_detailer(service: Service, caller: Caller, wish: segmind.FaceDetailerRequest) -> web.Response:
    base = service.settings.segmind_base_model
    chosen = Assets(await assets.checkpoint(None, base, service.settings))
    words = Words(with_embeddings(wish.prompt, {}), with_embeddings(wish.negative_prompt, {}))
    async with workspace() as files:
        picture = await service.reader.read_or_fetch("image", wish.image)
        require_sides("image", Size(*picture.size))
        detailing = Detailing(
            image=await files.save(picture),
            base_model=base,
            detector="face_full_mediapipe",
            sampling=Sampling(wish.num_inference_steps, wish.guidance_scale, SAMPLERS["K_EULER"]),
            denoise=in_hundredths(wish.denoise),
            seed=random_seed() if wish.seed < 0 else wish.seed,
            passes=wish.passes,
            upscale=wish.upscale,
            samples=wish.samples,
        )
        del picture  # it may wait long
        done = await service.run(detail(chosen, words, detailing, service.checking()), caller)
    if not wish.base64:
        (picture,) = done.pictures
        content = await images.encoded(picture, wish.image_format, wish.image_quality)
        return web.Response(body=content, content_type=images.MIME[wish.image_format], headers=segmind.CREDITS)
    texts = [await images.as_base64(picture, wish.image_format, wish.image_quality) for picture in done.pictures]
    return web.json_response({"image": texts[0], "images": texts}, headers=segmind.CREDITS)


def in_hundredths(strength: float) -> float:
    """As the nodes' widgets have it. A schedule is `steps / strength` long: the least shares would fill memory."""
    return round(strength, 2)


def loras(wanted: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple((assets.find("loras", "loras", name), weight) for name, weight in wanted.items())


def require_style(name: str) -> None:
    try:
        styles.find(name, at_hand())
    except ValueError as error:
        raise invalid("style_preset", str(error)) from None


def require_size(field: str, size: Size, table: tuple[Size, ...], base: str) -> None:
    """Refused, with the nearest sizes, unless `size` is one of the table."""
    if size in table:
        return
    native = FAMILIES[base].native

    def distance(entry: Size) -> float:
        return abs(entry.width - size.width) + abs(entry.height - size.height)

    near = sorted(table, key=lambda entry: (distance(entry), abs(entry.area - native.area)))[:3]
    raise invalid(field, f"{field} is {size}, which {base} does not take. Nearest sizes: {', '.join(map(str, near))}.")


def require_sides(field: str, size: Size) -> None:
    if min(size) < MIN_SIDE:
        raise invalid(field, f"{field} is {size}; each side must have {MIN_SIDE} pixels at least.")
