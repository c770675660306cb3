"""Pictures from words, from a picture, into a mask, around a picture, along edges, and of a subject.

As in the workflows generate-and-detail-sdxl (without its last step), image-to-image, inpaint-mask, outpaint,
controlnet-canny-sdxl and photo-merge. Every picture is sampled with its own seed, so that the seed makes it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...detailer.box import Size
from ...detailer.family import HostedFamily
from ...detailer.settings import Fill
from .builder import Builder, Built, Checking, Link
from .inpainting import Inpainting, repainted
from .models import Assets, Loaded, Loads, RefinerLinks, Sampling
from .text_encoding import Conditioning, Words, encode, encode_refiner, encode_sdxl, styled

OUTPAINT_BLUR = OUTPAINT_DILATION = 8
OUTPAINT_PADDING = 256


class Control(NamedTuple):
    """A ControlNet file and its picture; `find_edges` if that is a photo and not yet a drawing of edges."""

    file: str
    image: str
    strength: float
    end: float
    find_edges: bool


class Subject(NamedTuple):
    """A PhotoMaker file and the pictures of who is to be shown."""

    file: str
    images: tuple[str, ...]


@dataclass(frozen=True)
class Generation:
    """`strength` counts where there is an image to start from, and 0 keeps that. Images are LoadImage's names.

    `crop`: an image of another shape is cut to the size's, not stretched.
    """

    base_model: HostedFamily
    size: Size
    seeds: tuple[int, ...]
    sampling: Sampling
    strength: float = 1.0
    image: str | None = None
    mask: str | None = None
    crop: bool = False
    outpainting: bool = False
    mask_blur: int = 4
    invert: bool = False
    fill: Fill = "original"
    only_masked: bool = False
    padding: int = 32
    refiner: str | None = None
    high_noise_frac: float = 0.8
    control: Control | None = None
    subject: Subject | None = None


class Scene(NamedTuple):
    """What all pictures of a request share."""

    build: Builder
    generation: Generation
    loaded: Loaded
    conditioning: Conditioning
    refiner: RefinerLinks | None


def generate(assets: Assets, words: Words, generation: Generation, checking: Checking | None) -> Built:
    """A graph that makes one picture for each seed."""
    build = Builder(checking)
    done = batch(build, made(build, Loads(build), (assets, words), generation), "All pictures")
    return Built(build.graph, build.show(done))  # at the end, so that a job that is stopped has written no file


def made(build: Builder, loads: Loads, chosen: tuple[Assets, Words], generation: Generation) -> list[Link]:
    """One image for each seed. No model is loaded where the picture to start from is kept."""
    if generation.image and generation.strength == 0:
        return [_scaled(build, generation.image, generation, "Picture to keep")] * len(generation.seeds)
    assets, words = chosen
    loaded = loads.of(assets)
    texts = styled(build, words)
    if generation.subject:
        positive = _subject(build, loaded.clip, texts.positive, generation.subject)
        conditioning = encode(build, loaded.clip, texts)._replace(positive=positive)
    elif generation.base_model == "sdxl":
        conditioning = encode_sdxl(build, loaded.clip, texts, words, generation.size)
    else:
        conditioning = encode(build, loaded.clip, texts)
    refiner = None
    if generation.refiner:
        model = build.add("CheckpointLoaderSimple", "SDXL refiner", ckpt_name=generation.refiner)
        refiner = RefinerLinks(model.out(0), encode_refiner(build, model.out(1), texts, generation.size))
    if generation.control:
        conditioning = _controlled(build, loaded, conditioning, generation.control, generation)
    return _pictures(Scene(build, generation, loaded, conditioning, refiner))


def _pictures(scene: Scene) -> list[Link]:
    """One image for each seed."""
    build, generation, loaded, _, _ = scene
    image = _scaled(build, generation.image, generation, "Picture to start from") if generation.image else None
    if image and generation.mask:
        white = _scaled(build, generation.mask, generation, "Mask: white is repainted")
        mask = build.add("ImageToMask", "The mask", image=white, channel="red").out()
        paint = _outpainted if generation.outpainting else _inpainted
        return [paint(scene, image, mask, seed) for seed in generation.seeds]
    if image:
        latent = build.add("VAEEncode", "Into the model's space", pixels=image, vae=loaded.vae).out()
    else:
        width, height = generation.size
        latent = build.add("EmptyLatentImage", "Size", width=width, height=height, batch_size=1).out()
    return [
        build.add("VAEDecode", "Picture", samples=_sampled(scene, latent, seed), vae=loaded.vae).out()
        for seed in generation.seeds
    ]


def _scaled(build: Builder, name: str, generation: Generation, title: str) -> Link:
    """A picture at the request's size."""
    loaded = build.add("LoadImage", title, image=name)
    return build.add(
        "ImageScale",
        "To the size of the result",
        image=loaded.out(),
        upscale_method="lanczos",
        width=generation.size.width,
        height=generation.size.height,
        crop="center" if generation.crop else "disabled",
    ).out()


def _subject(build: Builder, clip: Link, text: Link | str, subject: Subject) -> Link:
    """The positive conditioning in which PhotoMaker's word stands for the subject: the mean over all its pictures.

    One encoding for each, because ComfyUI's PhotoMakerEncode uses the first picture of a batch only.
    """
    photomaker = build.add("PhotoMakerLoader", "PhotoMaker", photomaker_model_name=subject.file).out()
    encoded = [
        build.add(
            "PhotoMakerEncode",
            "The word photomaker stands for the subject",
            photomaker=photomaker,
            image=build.add("LoadImage", "A picture of the subject", image=name).out(),
            clip=clip,
            text=text,
        ).out()
        for name in subject.images
    ]
    mean, *others = encoded
    for count, other in enumerate(others, 1):
        mean = build.add(
            "ConditioningAverage",
            f"The mean of {count + 1} pictures",
            conditioning_to=mean,
            conditioning_from=other,
            conditioning_to_strength=count / (count + 1),
        ).out()
    return mean


def batch(build: Builder, images: Sequence[Link], title: str) -> Link:
    """Several pictures in one batch."""
    if len(images) == 1:
        return images[0]
    named = {f"images.image{index}": image for index, image in enumerate(images)}
    return build.add("BatchImagesNode", title, **named).out()


def _controlled(
    build: Builder, loaded: Loaded, conditioning: Conditioning, control: Control, generation: Generation
) -> Conditioning:
    """The conditioning along another picture."""
    image = _scaled(build, control.image, generation, "Picture whose layout to keep")
    if control.find_edges:
        image = build.add("Canny", "Edges", image=image, low_threshold=0.2, high_threshold=0.5).out()
    applied = build.add(
        "ControlNetApplyAdvanced",
        "How strongly the layout is kept",
        **conditioning._asdict(),
        control_net=build.add("ControlNetLoader", "ControlNet", control_net_name=control.file).out(),
        image=image,
        strength=control.strength,
        start_percent=0.0,
        end_percent=control.end,
        vae=loaded.vae,
    )
    return Conditioning(applied.out(0), applied.out(1))


def _sampled(scene: Scene, latent: Link, seed: int) -> Link:
    """The sampled latent; with a refiner, the base model does its share of the steps first."""
    build, generation, loaded, conditioning, refiner = scene
    widgets = generation.sampling.inputs()
    if refiner is None:
        inputs = {"model": loaded.model, **conditioning._asdict(), "latent_image": latent, "seed": seed, **widgets}
        return build.add("KSampler", "Paint", denoise=generation.strength, **inputs).out()
    steps = generation.sampling.steps
    total = max(round(steps / generation.strength), steps)  # denoise runs the last of a longer schedule
    start = total - steps
    switch = start + round(steps * generation.high_noise_frac)
    stages = [
        ("Base model", loaded.model, conditioning, start, switch),
        ("Refiner", refiner.model, refiner.conditioning, switch, total),
    ]
    stages = [stage for stage in stages if stage[3] < stage[4]]
    for place, (title, model, words, first, last) in enumerate(stages):
        is_first, is_last = place == 0, place == len(stages) - 1
        latent = build.add(
            "KSamplerAdvanced",
            title,
            model=model,
            **words._asdict(),
            latent_image=latent,
            noise_seed=seed,
            **{**widgets, "steps": total},
            add_noise="enable" if is_first else "disable",
            start_at_step=first,
            end_at_step=10000 if is_last else last,
            return_with_leftover_noise="disable" if is_last else "enable",
        ).out()
    return latent


def _inpainted(scene: Scene, image: Link, mask: Link, seed: int) -> Link:
    """A picture painted anew inside its mask."""
    generation = scene.generation
    paint = Inpainting(
        generation.sampling,
        generation.strength,
        seed,
        mask_blur=generation.mask_blur,
        only_masked=generation.only_masked,
        padding=generation.padding,
        invert=generation.invert,
        fill=generation.fill,
    )
    return repainted(scene.build, scene.loaded, scene.conditioning, (image, mask), paint, **_refining(scene))


def _outpainted(scene: Scene, image: Link, mask: Link, seed: int) -> Link:
    """The edge's colours are drawn into the new part and painted over; the old part is laid on top, untouched."""
    build, generation = scene.build, scene.generation
    paint = Inpainting(
        generation.sampling,
        generation.strength,
        seed,
        mask_blur=OUTPAINT_BLUR,
        mask_dilation=OUTPAINT_DILATION,
        only_masked=True,
        padding=OUTPAINT_PADDING,
        fill="fill",
        differential=True,
    )
    done = repainted(build, scene.loaded, scene.conditioning, (image, mask), paint, **_refining(scene))
    old = build.add("InvertMask", "The old part", mask=mask).out()
    return build.add(
        "ImageCompositeMasked",
        "The old part again, untouched",
        destination=done,
        source=image,
        x=0,
        y=0,
        resize_source=False,
        mask=old,
    ).out()


def _refining(scene: Scene) -> dict[str, Any]:
    """The refiner's inputs of Inpaint Regions."""
    return scene.refiner.inputs(scene.generation.high_noise_frac) if scene.refiner else {}
