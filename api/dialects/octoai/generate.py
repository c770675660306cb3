"""POST /generate/sdxl, /generate/sd and /generate/controlnet-sdxl."""

from __future__ import annotations

from aiohttp import web

from ....detailer.box import Size
from ....detailer.family import FAMILIES, HostedFamily
from ... import assets, images
from ...errors import invalid
from ...graphs import (
    Assets,
    Control,
    Generation,
    Subject,
    Words,
    generate,
    in_graph,
    in_hundredths_or_0,
    with_embeddings,
    with_subject,
)
from ...service import Caller, Service, random_seed
from ...sizes import require_makeable, require_size
from ...workspace import Workspace, workspace
from .messages import GENERATED, GenerateRequest

SDXL_ONLY = ("prompt_2", "negative_prompt_2", "use_refiner", "transfer_images")


async def sdxl(service: Service, caller: Caller, request: GenerateRequest) -> web.Response:
    """Pictures by SDXL."""
    return await _generated(service, caller, request, "sdxl")


async def sd(service: Service, caller: Caller, request: GenerateRequest) -> web.Response:
    """Pictures by SD1.5. Refused for what works with SDXL only."""
    for field in SDXL_ONLY:
        if getattr(request, field):
            raise invalid(field, f"{field} works with SDXL only. Leave it out, or use /generate/sdxl.")
    if request.style_preset != "base":
        raise invalid("style_preset", "style_preset works with SDXL only. Leave it out, or use /generate/sdxl.")
    return await _generated(service, caller, request, "sd15")


async def controlnet_sdxl(service: Service, caller: Caller, request: GenerateRequest) -> web.Response:
    """Pictures by SDXL along another picture. Refused without one."""
    if not request.controlnet_image:
        raise invalid("controlnet_image", "controlnet_image is missing. Send a picture of edges, or of depths.")
    name = request.controlnet
    if name is None and request.checkpoint and assets.knows("controlnet", request.checkpoint):
        name = request.checkpoint  # OctoAI's way to name a ControlNet
        request = request.model_copy(update={"checkpoint": None})
    return await _generated(service, caller, request, "sdxl", assets.controlnet(name, service.settings))


async def _generated(
    service: Service, caller: Caller, request: GenerateRequest, base: HostedFamily, controlnet: str | None = None
) -> web.Response:
    """The pictures of a request, each with its seed."""
    assets.require_style(request.style_preset)
    native = FAMILIES[base].native
    size = Size(request.width or native.width, request.height or native.height)
    require_size("height" if request.width is None else "width", size, GENERATED[base], base, "width x height")
    require_makeable("num_images", size, request.num_images, request.image_encoding, service.settings.max_pixels)
    chosen = Assets(
        await assets.checkpoint(request.checkpoint, base, service.settings),
        assets.loras(request.loras),
        assets.find("vae", "vae", request.vae) if request.vae else None,
        request.clip_skip,
    )
    refiner = await assets.checkpoint(None, "refiner", service.settings, "use_refiner") if request.use_refiner else None
    words = _words_of(request, base)
    async with workspace() as files:
        wanted = Generation(
            base_model=base,
            size=size,
            seeds=_seeds_of(request),
            sampling=request.sampling,
            strength=_strength_of(request),
            refiner=refiner,
            high_noise_frac=request.high_noise_frac,
            image=await _saved(service, files, "init_image", request.init_image),
            mask=await _saved(service, files, "mask_image", request.mask_image),
            control=await _control(service, files, request, controlnet),
            subject=await _subject(service, files, request),
            **in_graph(request),
        )
        done = await service.run(generate(chosen, words, wanted, service.checking()), caller)
    answers = [
        {"image_b64": images.as_base64(file) if file else None, "seed": seed, "removed_for_safety": file is None}
        for file, seed in zip(await done.files(request.image_encoding), wanted.seeds, strict=True)
    ]
    return web.json_response({"images": answers, "prediction_time_ms": done.milliseconds})


def _seeds_of(request: GenerateRequest) -> tuple[int, ...]:
    """One seed per picture: those listed, or the one given and those after it."""
    if isinstance(request.seed, list):
        return tuple(seed or random_seed() for seed in request.seed)
    first = request.seed or random_seed()
    return tuple((first - 1 + place) % (2**32 - 1) + 1 for place in range(request.num_images))


def _strength_of(request: GenerateRequest) -> float:
    """How much of the picture to start from is made anew, 0 to 1."""
    if not request.init_image:
        return 1.0
    if request.strength is None:
        return 1.0 if request.outpainting else 0.8
    return in_hundredths_or_0(request.strength)


def _words_of(request: GenerateRequest, base: HostedFamily) -> Words:
    """The four texts, trigger words of embeddings put in. Refused for a subject the prompt does not name."""
    files = {
        trigger or name: assets.embedding("textual_inversions", name, base)
        for name, trigger in request.textual_inversions.items()
    }
    prompt = with_embeddings(request.prompt, files)
    for trigger in request.transfer_images:
        marked = with_subject(prompt, trigger)
        if marked is None:
            raise invalid(
                "transfer_images",
                f"The trigger word {trigger[:40]!r} of transfer_images is not in the prompt. Put it where the subject "
                "is named.",
            )
        prompt = marked
    rest = (request.negative_prompt, request.prompt_2, request.negative_prompt_2)
    negative_prompt, prompt_2, negative_prompt_2 = (with_embeddings(text, files) for text in rest)
    return Words(prompt, negative_prompt, request.style_preset, prompt_2, negative_prompt_2)


async def _saved(service: Service, files: Workspace, field: str, value: str | None) -> str | None:
    """The name of a picture of the request in ComfyUI's input folder; None for none."""
    return await files.save(await service.reader.read(field, value)) if value else None


async def _control(service: Service, files: Workspace, request: GenerateRequest, file: str | None) -> Control | None:
    """The picture to go along, if the request has one."""
    image = await _saved(service, files, "controlnet_image", request.controlnet_image) if file else None
    if file is None or image is None:
        return None
    end = 1.0 if request.controlnet_early_stop is None else request.controlnet_early_stop
    return Control(file, image, request.controlnet_conditioning_scale, end, request.controlnet_preprocess)


async def _subject(service: Service, files: Workspace, request: GenerateRequest) -> Subject | None:
    """The subject to be shown, from the pictures of the request."""
    for pictures in request.transfer_images.values():
        file = assets.photomaker(service.settings)
        names = [await _saved(service, files, "transfer_images", picture) for picture in pictures]
        return Subject(file, tuple(filter(None, names)))
    return None
