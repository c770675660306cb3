"""POST /sdapi/v1/txt2img and /sdapi/v1/img2img, and what clients ask before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiohttp import web
from PIL import Image

from ....detailer.box import Size
from ....detailer.family import HostedFamily
from ... import assets, images
from ...errors import Refused, invalid
from ...graphs import (
    Assets,
    Built,
    Generation,
    Pass,
    Sampling,
    Words,
    generate_and_repair,
    in_graph,
    repair,
)
from ...service import Caller, Service, seed_or_random
from ...sizes import require_makeable, require_sides
from ...workspace import Workspace, workspace
from . import prompt_syntax
from .adetailer_tab import pass_of, untitled
from .messages import AUTOMATIC, Answer, Common, Img2ImgRequest, KnownScripts, Txt2ImgRequest
from .samplers import sampler

CHECKPOINT = "override_settings.sd_model_checkpoint"


class Choice(NamedTuple):
    """What a request means: the files, the words, the family and a seed for each picture."""

    assets: Assets
    words: Words
    base: HostedFamily
    seeds: tuple[int, ...]


async def txt2img(service: Service, caller: Caller, request: Txt2ImgRequest) -> web.Response:
    """Pictures from words, each through all tabs."""
    choice = await _choice_of(service, request)
    size = _asked_size(service, request)
    built = generate_and_repair(
        (choice.assets, choice.words),
        _generation(request, choice, size),
        _passes(request, choice, size),
        service.checking(),
    )
    return await _answered(service, caller, request, choice, built)


async def img2img(service: Service, caller: Caller, request: Img2ImgRequest) -> web.Response:
    """A picture painted over, or kept, and sent through all tabs."""
    choice = await _choice_of(service, request)
    async with workspace() as files:
        picture = await service.reader.read("init_images", request.init_images[0])
        require_sides("init_images", Size(*picture.size))
        name = await files.save(picture)
        if request.alwayson_scripts.adetailer.skips_img2img:
            size = Size(*picture.size)
            require_makeable("init_images", size, request.count, "png", service.settings.max_pixels)
            steps = _passes(request, choice, size)
            built = repair(name, choice.seeds, steps, service.checking())
        else:
            built = await _painted(service, request, choice, files, name)
        del picture  # it may wait long
        return await _answered(service, caller, request, choice, built)


async def _painted(service: Service, request: Img2ImgRequest, choice: Choice, files: Workspace, name: str) -> Built:
    """The graph that paints over a picture, inside a mask if there is one."""
    size = _asked_size(service, request)
    mask = await files.save(await service.reader.read("mask", request.mask)) if request.mask else None
    wanted = _generation(
        request,
        choice,
        size,
        image=name,
        mask=mask,
        strength=request.strength,
        crop=request.resize_mode == 1,
        **in_graph(request),
    )
    return generate_and_repair(
        (choice.assets, choice.words), wanted, _passes(request, choice, size), service.checking()
    )


def _generation(request: Common, choice: Choice, size: Size, **more: Any) -> Generation:
    """What is painted before the tabs, as the graph builder takes it."""
    sampling = Sampling(request.steps, request.cfg_scale, sampler(*request.sampler))
    return Generation(base_model=choice.base, size=size, seeds=choice.seeds, sampling=sampling, **more)


def _passes(request: Common, choice: Choice, size: Size) -> list[Pass]:
    """A pass for each tab. Refused with the tab's place in front of the field."""
    script, bare = request.alwayson_scripts.adetailer, choice.assets._replace(loras=())
    found: list[Pass] = []
    for tab in script.tabs:
        try:
            found.append(pass_of(tab, request, bare, size))
        except Refused as refused:
            place = f"alwayson_scripts.ADetailer.args.{script.args.index(tab)}"
            problems = [problem._replace(field=f"{place}.{problem.field}") for problem in refused.problems]
            raise Refused(refused.status, problems) from None
    return found


async def _choice_of(service: Service, request: Common) -> Choice:
    """Files, words, family and seeds. Refused for names this server does not know."""
    asked = request.override_settings
    base = service.settings.segmind_base_model
    if asked.sd_model_checkpoint:
        file = assets.find(CHECKPOINT, "checkpoints", untitled(asked.sd_model_checkpoint))
        kind = (await assets.traits_of(file)).kind
        if kind == "refiner":
            raise invalid(CHECKPOINT, f"{CHECKPOINT} is a refiner, which paints nothing on its own.")
        base = kind or base
    else:
        file = await assets.checkpoint(None, base, service.settings, CHECKPOINT)
    vae = asked.sd_vae if asked.sd_vae not in (None, "None", AUTOMATIC) else None
    for style in request.styles:
        assets.require_style(style, "styles.0")
    text = prompt_syntax.read("prompt", request.prompt)
    negative = prompt_syntax.read("negative_prompt", request.negative_prompt)
    vae_file = assets.find("override_settings.sd_vae", "vae", vae) if vae else None
    chosen = Assets(file, text.loras, vae_file, asked.CLIP_stop_at_last_layers)
    first = seed_or_random(request.seed)
    seeds = tuple(first + place for place in range(request.count))
    return Choice(chosen, Words(text.words, negative.words, *request.styles), base, seeds)


def _asked_size(service: Service, request: Common) -> Size:
    """The size in pixels. Refused if that many pictures of it are too many pixels."""
    size = Size(request.width, request.height)
    require_makeable("width", size, request.count, "png", service.settings.max_pixels)
    return size


async def _answered(service: Service, caller: Caller, request: Common, choice: Choice, built: Built) -> web.Response:
    """Run the graph, and answer in A1111's form."""
    done = await service.run(built, caller)
    size = Size(*done.pictures[0].size)
    black = await images.encoded(Image.new("RGB", size), "png")  # what the web UI's safety check leaves of a picture
    texts = [images.as_base64(file or black) for file in await done.files("png")]
    answer = Answer(images=texts, parameters=_parameters(request), info=json.dumps(_info(request, choice, size)))
    return web.json_response(answer.model_dump())


def _parameters(request: Common) -> dict[str, Any]:
    """The request, without its pictures."""
    return {**request.model_dump(by_alias=True, mode="json"), "init_images": None, "mask": None}


def _info(request: Common, choice: Choice, size: Size) -> dict[str, Any]:
    """What A1111 says of its pictures."""
    count = len(choice.seeds)
    name, _ = request.sampler
    values = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "seed": choice.seeds[0],
        "width": size.width,
        "height": size.height,
        "sampler_name": name,
        "scheduler": request.scheduler,
        "cfg_scale": request.cfg_scale,
        "steps": request.steps,
        "batch_size": request.batch_size,
        "sd_model_name": assets.stem(choice.assets.checkpoint),
        "clip_skip": choice.assets.clip_skip,
        "styles": request.styles,
        "denoising_strength": getattr(request, "denoising_strength", None),
        "extra_generation_params": _extra(request),
    }
    several = {
        "all_prompts": [request.prompt] * count,
        "all_negative_prompts": [request.negative_prompt] * count,
        "all_seeds": list(choice.seeds),
        "infotexts": [_infotext(values | {"seed": seed}) for seed in choice.seeds],
        "index_of_first_image": 0,
    }
    return values | several


def _extra(request: Common) -> dict[str, Any]:
    """What a tab says that is not the default, by adetailer's names, numbered from the second tab on."""
    said: dict[str, Any] = {}
    for place, tab in enumerate(request.alwayson_scripts.adetailer.tabs):
        number = "" if place == 0 else f" {place + 1}"
        for field in tab.model_fields_set:
            said[f"ADetailer {field.removeprefix('ad_').replace('_', ' ')}{number}"] = getattr(tab, field)
    return said


def _infotext(values: dict[str, Any]) -> str:
    """As under the web UI's pictures."""
    labels: Sequence[tuple[str, str]] = (
        ("Steps", "steps"),
        ("Sampler", "sampler_name"),
        ("Schedule type", "scheduler"),
        ("CFG scale", "cfg_scale"),
        ("Seed", "seed"),
        ("Model", "sd_model_name"),
    )
    size = f"Size: {values['width']}x{values['height']}"
    facts = [f"{label}: {values[key]}" for label, key in labels]
    facts += [f"{label}: {value}" for label, value in values["extra_generation_params"].items()]
    return f"{values['prompt']}\nNegative prompt: {values['negative_prompt']}\n{', '.join([*facts, size])}"


async def scripts(service: Service, request: web.Request, client: str) -> web.Response:
    """The scripts that requests may name."""
    known = KnownScripts(txt2img=["adetailer"], img2img=["adetailer"])
    return web.json_response(known.model_dump())
