"""The families of models: the sizes each was made for, and how it is told from the others.

A new family is one more entry of FAMILIES; the choices of `base_model` and `resolution` follow, and docs/families.md
is written from it. Sizes are those of the makers' own documentation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .box import Size
from .names import unknown

HostedFamily = Literal["sdxl", "sd15"]
"""The families that the hosted services' requests may name."""
CheckpointKind = Literal[HostedFamily, "refiner"]


def sizes_in(text: str) -> tuple[Size, ...]:
    """Of a text such as "512x768 512x512"."""
    pairs = (size.split("x") for size in text.split())
    return tuple(Size(int(width), int(height)) for width, height in pairs)


MEGAPIXEL = Size(1024, 1024)
MEGAPIXEL_SIZES = sizes_in("640x1536 768x1344 832x1216 896x1152 1024x1024 1152x896 1216x832 1344x768 1536x640")
"""The buckets that SDXL was trained in; they suit every model of a megapixel."""

SINGLE_FRAMES = "Crops are sampled as single frames."


class Checkpoint(NamedTuple):
    """How the file of a checkpoint is recognised: by the width of its cross-attention, and of its text encoders."""

    kind: CheckpointKind
    context: int
    encoders: frozenset[int]


@dataclass(frozen=True)
class Family:
    """Models of one make. `sizes` are those it was made for, or is known to cope with, from portrait to landscape.

    It is recognised by the class names of ComfyUI's model configurations. Where two families share one, they differ in
    `prediction`: the name of ComfyUI's ModelType for what the models of this one predict.
    """

    name: str
    title: str
    configs: tuple[str, ...]
    native: Size = MEGAPIXEL
    sizes: tuple[Size, ...] = MEGAPIXEL_SIZES
    prediction: str | None = None
    note: str = ""
    """What there is to know before it details faces."""
    reference: Literal["", "latent", "latent and picture"] = ""
    """What its models for editing are given of a picture: nothing, its latent, or the picture too, with the text."""
    checkpoints: tuple[Checkpoint, ...] = ()
    """Those that the hosted services' requests may name."""


SDXL = Family(
    "sdxl",
    "SDXL",
    ("SDXL", "SDXLRefiner"),
    sizes=MEGAPIXEL_SIZES + sizes_in("1664x2432 2048x2048 2432x1664"),
    note="Also SSD-1B, Segmind Vega and KOALA. The refiner goes into refiner_model.",
    checkpoints=(
        Checkpoint("sdxl", 2048, frozenset({768, 1280})),
        Checkpoint("refiner", 1280, frozenset({1280})),
    ),
)
SD15 = Family(
    "sd15",
    "Stable Diffusion 1.5",
    ("SD15",),
    Size(512, 512),
    sizes_in(
        "384x704 448x576 512x512 512x704 512x768 512x832 576x448 576x768 576x1024 640x512 640x640 640x768 704x384 "
        "704x1216 768x512 768x576 768x1024 832x512 896x896 1024x576 1024x768 1024x1024 1024x1536 1216x704 1536x1024"
    ),
    checkpoints=(Checkpoint("sd15", 768, frozenset({768})),),
)
KNOWN = (
    SDXL,
    SD15,
    Family(
        "sd21",
        "Stable Diffusion 2.1",
        ("SD20",),
        Size(768, 768),
        sizes_in("512x1152 576x1024 640x896 768x768 896x640 1024x576 1152x512"),
        "V_PREDICTION",
        "The 768 pixel model, which predicts v.",
    ),
    Family(
        "sd21-base", "Stable Diffusion 2.1 base", ("SD20",), Size(512, 512), SD15.sizes, note="The 512 pixel model."
    ),
    Family("sd3", "Stable Diffusion 3 and 3.5", ("SD3",), note="cfg 3.5 to 5."),
    Family(
        "flux",
        "Flux.1",
        ("Flux",),
        note="dev, schnell, Krea, Fill and Kontext. Set cfg to 1 and use FluxGuidance; for Fill turn on inpaint_model, "
        "for Kontext set reference to crop.",
        reference="latent",
    ),
    Family(
        "flux2",
        "Flux.2",
        ("Flux2",),
        note="Also Klein. Set cfg to 1; reference crop shows it the object.",
        reference="latent",
    ),
    Family(
        "qwen-image",
        "Qwen-Image",
        ("QwenImage",),
        Size(1328, 1328),
        sizes_in("928x1664 1056x1584 1104x1472 1328x1328 1472x1104 1584x1056 1664x928"),
        note="For Qwen-Image-Edit set reference to crop, and wire clip and prompt for its text encoder.",
        reference="latent and picture",
    ),
    Family("z-image", "Z-Image", ("ZImage",), note="Turbo: 8 steps, cfg 1."),
    Family("lumina2", "Lumina 2", ("Lumina2",)),
    Family("chroma", "Chroma", ("Chroma",), note="Also Radiance, which has no VAE."),
    Family(
        "hidream",
        "HiDream-I1",
        ("HiDream",),
        sizes=sizes_in("768x1360 832x1248 880x1168 1024x1024 1168x880 1248x832 1360x768"),
    ),
    Family(
        "hidream-o1",
        "HiDream-O1",
        ("HiDreamO1",),
        Size(2048, 2048),
        sizes_in("1440x2560 1664x2496 1728x2304 2048x2048 2304x1728 2496x1664 2560x1440"),
        note="Made for 4 megapixels: smaller crops lose quality.",
    ),
    Family("pixart", "PixArt Alpha and Sigma", ("PixArtAlpha",)),
    Family("auraflow", "AuraFlow", ("AuraFlow",)),
    Family("omnigen2", "OmniGen2", ("Omnigen2",), note="reference crop shows it the object.", reference="latent"),
    Family("anima", "Anima", ("Anima",)),
    Family(
        "hunyuan-dit",
        "HunyuanDiT",
        ("HunyuanDiT",),
        sizes=sizes_in("768x1024 768x1280 864x1152 960x1280 1024x768 1024x1024 1152x864 1280x768 1280x960 1280x1280"),
    ),
    Family(
        "hunyuan-image",
        "HunyuanImage 2.1",
        ("HunyuanImage21",),
        Size(2048, 2048),
        sizes_in("1536x2560 1792x2304 2048x2048 2304x1792 2560x1536"),
        note="Its VAE makes one cell of 32 pixels, so a mask is as coarse.",
    ),
    Family(
        "hunyuan-video",
        "HunyuanVideo",
        ("HunyuanVideo",),
        Size(960, 960),
        sizes_in("720x1280 832x1104 960x960 1104x832 1280x720"),
        note=SINGLE_FRAMES,
    ),
    Family(
        "kandinsky5",
        "Kandinsky 5 video",
        ("Kandinsky5",),
        Size(512, 512),
        sizes_in("512x768 512x512 768x512"),
        note=SINGLE_FRAMES,
    ),
    Family(
        "kandinsky5-image",
        "Kandinsky 5 image",
        ("Kandinsky5Image",),
        sizes=sizes_in("640x1408 768x1280 896x1152 1024x1024 1152x896 1280x768 1408x640"),
    ),
    Family(
        "wan",
        "Wan 2.1 and 2.2",
        ("WAN21_T2V",),
        sizes=sizes_in("480x832 720x1280 832x1104 960x960 1024x1024 1104x832 832x480 1280x720"),
        note=SINGLE_FRAMES,
    ),
    Family(
        "ltxv",
        "LTX-Video",
        ("LTXV",),
        Size(768, 768),
        sizes_in("512x768 704x1216 768x768 1216x704 768x512"),
        note="Crops are sampled as single frames; its VAE makes one cell of 32 pixels.",
    ),
)

FAMILIES: dict[str, Family] = {family.name: family for family in KNOWN}
"""By name, in the order in which `base_model` offers them."""

UNKNOWN = Family("unknown", "Any other", (), SDXL.native, SDXL.sizes, note="Gets the sizes of SDXL.")
"""The family of every model that no entry recognises."""

AUTO = "auto"
BASE_MODELS: tuple[str, ...] = (AUTO, *FAMILIES)
"""The choices of `base_model`."""


class ModelSizes(NamedTuple):
    """Which sizes a model takes: those of its family, with sides divisible by `multiple`."""

    family: Family
    multiple: int


def named(base_model: str) -> Family | None:
    """The family that a `base_model` means, None for "auto"; ValueError with the nearest names for any other."""
    if base_model == AUTO:
        return None
    if base_model not in FAMILIES:
        raise ValueError(unknown("base_model", base_model, BASE_MODELS))
    return FAMILIES[base_model]


def recognised(configs: Sequence[str], prediction: str) -> Family:
    """The family of a model with these configurations, the closest class first; UNKNOWN if no entry has one of them.

    `prediction` is the name of its ModelType.
    """
    for config in configs:
        candidates = [family for family in KNOWN if config in family.configs]
        exact = [family for family in candidates if family.prediction == prediction]
        general = [family for family in candidates if family.prediction is None]
        if exact or general:
            return (exact or general)[0]
    return UNKNOWN


def likely_family(image: Size) -> Family:
    """A guess for when no model is at hand: the one whose native area is nearer to the image's, by ratio."""
    border = math.sqrt(SD15.native.area * SDXL.native.area)
    return SDXL if image.area >= border else SD15
