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
from ...service import Caller, Service, random_seed
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


async def txt2img(service: Service, caller: Caller, wish: Txt2ImgRequest) -> web.Response:
    """Pictures from words, each through all tabs."""
    choice = await choice_of(service, wish)
    size = asked_size(service, wish)
    built = generate_and_repair(
        (choice.assets, choice.words), generation(wish, choice, size), passes(wish, choice, size), service.checking()
    )
    return await answered(service, caller, wish, choice, built)


async def img2img(service: Service, caller: Caller, wish: Img2ImgRequest) -> web.Response:
    """A picture painted over, or kept, and sent through all tabs."""
    choice = await choice_of(service, wish)
    async with workspace() as files:
        picture = await service.reader.read("init_images", wish.init_images[0])
        require_sides("init_images", Size(*picture.size))
        name = await files.save(picture)
        if wish.alwayson_scripts.adetailer.skips_img2img:
            size = Size(*picture.size)
            require_makeable("init_images", size, wish.count, "png", service.settings.max_pixels)
            steps = passes(wish, choice, size)
            built = repair(name, choice.seeds, steps, service.checking())
        else:
            built = await painted(service, wish, choice, files, name)
        del picture  # it may wait long
        return await answered(service, caller, wish, choice, built)


async def painted(service: Service, wish: Img2ImgRequest, choice: Choice, files: Workspace, name: str) -> Built:
    """The graph that paints over a picture, inside a mask if there is one."""
    size = asked_size(service, wish)
    mask = await files.save(await service.reader.read("mask", wish.mask)) if wish.mask else None
    wanted = generation(
        wish,
        choice,
        size,
        image=name,
        mask=mask,
        strength=wish.strength,
        crop=wish.resize_mode == 1,
        **in_graph(wish),
    )
    return generate_and_repair((choice.assets, choice.words), wanted, passes(wish, choice, size), service.checking())


def generation(wish: Common, choice: Choice, size: Size, **more: Any) -> Generation:
    """What is painted before the tabs, as the graph builder takes it."""
    sampling = Sampling(wish.steps, wish.cfg_scale, sampler(*wish.sampler))
    return Generation(base_model=choice.base, size=size, seeds=choice.seeds, sampling=sampling, **more)


def passes(wish: Common, choice: Choice, size: Size) -> list[Pass]:
    """A pass for each tab. Refused with the tab's place in front of the field."""
    script, bare = wish.alwayson_scripts.adetailer, choice.assets._replace(loras=())
    found: list[Pass] = []
    for tab in script.tabs:
        try:
            found.append(pass_of(tab, wish, bare, size))
        except Refused as refused:
            place = f"alwayson_scripts.ADetailer.args.{script.args.index(tab)}"
            problems = [problem._replace(field=f"{place}.{problem.field}") for problem in refused.problems]
            raise Refused(refused.status, problems) from None
    return found


async def choice_of(service: Service, wish: Common) -> Choice:
    """Files, words, family and seeds. Refused for names this server does not know."""
    asked = wish.override_settings
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
    for style in wish.styles:
        assets.require_style(style, "styles.0")
    text, negative = (
        prompt_syntax.read("prompt", wish.prompt),
        prompt_syntax.read("negative_prompt", wish.negative_prompt),
    )
    vae_file = assets.find("override_settings.sd_vae", "vae", vae) if vae else None
    chosen = Assets(file, text.loras, vae_file, asked.CLIP_stop_at_last_layers)
    first = random_seed() if wish.seed < 0 else wish.seed
    seeds = tuple(first + place for place in range(wish.count))
    return Choice(chosen, Words(text.words, negative.words, *wish.styles), base, seeds)


def asked_size(service: Service, wish: Common) -> Size:
    """The size in pixels. Refused if that many pictures of it are too many pixels."""
    size = Size(wish.width, wish.height)
    require_makeable("width", size, wish.count, "png", service.settings.max_pixels)
    return size


async def answered(service: Service, caller: Caller, wish: Common, choice: Choice, built: Built) -> web.Response:
    """Run the graph, and answer in A1111's form."""
    done = await service.run(built, caller)
    size = Size(*done.pictures[0].size)
    black = await images.encoded(Image.new("RGB", size), "png")  # what the web UI's safety check leaves of a picture
    texts = [images.as_base64(file or black) for file in await done.files("png")]
    answer = Answer(images=texts, parameters=parameters(wish), info=json.dumps(info(wish, choice, size)))
    return web.json_response(answer.model_dump())


def parameters(wish: Common) -> dict[str, Any]:
    """The request, without its pictures."""
    return {**wish.model_dump(by_alias=True, mode="json"), "init_images": None, "mask": None}


def info(wish: Common, choice: Choice, size: Size) -> dict[str, Any]:
    """What A1111 says of its pictures."""
    count = len(choice.seeds)
    name, _ = wish.sampler
    told = {
        "prompt": wish.prompt,
        "negative_prompt": wish.negative_prompt,
        "seed": choice.seeds[0],
        "width": size.width,
        "height": size.height,
        "sampler_name": name,
        "scheduler": wish.scheduler,
        "cfg_scale": wish.cfg_scale,
        "steps": wish.steps,
        "batch_size": wish.batch_size,
        "sd_model_name": assets.stem(choice.assets.checkpoint),
        "clip_skip": choice.assets.clip_skip,
        "styles": wish.styles,
        "denoising_strength": getattr(wish, "denoising_strength", None),
        "extra_generation_params": extra(wish),
    }
    several = {
        "all_prompts": [wish.prompt] * count,
        "all_negative_prompts": [wish.negative_prompt] * count,
        "all_seeds": list(choice.seeds),
        "infotexts": [infotext(told | {"seed": seed}) for seed in choice.seeds],
        "index_of_first_image": 0,
    }
    return told | several


def extra(wish: Common) -> dict[str, Any]:
    """What a tab says that is not the default, by adetailer's names, numbered from the second tab on."""
    said: dict[str, Any] = {}
    for place, tab in enumerate(wish.alwayson_scripts.adetailer.tabs):
        number = "" if place == 0 else f" {place + 1}"
        for field in tab.model_fields_set:
            said[f"ADetailer {field.removeprefix('ad_').replace('_', ' ')}{number}"] = getattr(tab, field)
    return said


def infotext(told: dict[str, Any]) -> str:
    """As under the web UI's pictures."""
    labels: Sequence[tuple[str, str]] = (
        ("Steps", "steps"),
        ("Sampler", "sampler_name"),
        ("Schedule type", "scheduler"),
        ("CFG scale", "cfg_scale"),
        ("Seed", "seed"),
        ("Model", "sd_model_name"),
    )
    size = f"Size: {told['width']}x{told['height']}"
    facts = [f"{label}: {told[key]}" for label, key in labels]
    facts += [f"{label}: {value}" for label, value in told["extra_generation_params"].items()]
    return f"{told['prompt']}\nNegative prompt: {told['negative_prompt']}\n{', '.join([*facts, size])}"


async def scripts(service: Service, request: web.Request, client: str) -> web.Response:
    """The scripts that requests may name."""
    known = KnownScripts(txt2img=["adetailer"], img2img=["adetailer"])
    return web.json_response(known.model_dump())
