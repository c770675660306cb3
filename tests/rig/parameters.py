"""Every parameter of the documents this service follows: what it is, what is taken and refused, and what it changes.

The one table behind the tests of parameters, the tables of api/README.md, and the check of the OpenAPI document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from PIL import Image, ImageOps

from rig.service import as_base64, photo, square_mask

PHOTO, LARGE, SMALL = (as_base64(photo(side)) for side in (512, 1024, 256))
MIRRORED, SMALL_MIRRORED = (as_base64(ImageOps.mirror(photo(side))) for side in (512, 256))
MASK, SMALL_MASK = (as_base64(square_mask(side)) for side in (512, 256))
OTHER_MASK, SMALL_OTHER_MASK = (as_base64(square_mask(side).rotate(90)) for side in (512, 256))
EDGES = as_base64(Image.linear_gradient("L").resize((512, 512)))

Effect = Literal["changed", "same", "unseen"]
"""What another value does to the picture; "unseen" where there is no picture to compare with."""


@dataclass(frozen=True)
class Parameter:
    """`accepted` is tried with the request's other values and those in `given`; `refused` is answered with a sentence
    that holds the name, the value and `says`: without it, the limit that the value breaks.

    `low` and `high` belong to the range; `above` does not. `own`: the documents don't have it, but the services' later
    clients or this server do. `default` None: nothing, or as `note` says.
    """

    name: str
    type: str
    accepted: Any
    refused: Any
    effect: Effect = "changed"
    default: Any = None
    low: float | None = None
    high: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    says: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    required: bool = False
    own: bool = False
    note: str = ""


class Document(NamedTuple):
    """The parameters of a route. `asked` is what the tests ask for; `inside` names the object that holds the rows."""

    name: str
    path: str
    asked: dict[str, Any]
    rows: tuple[Parameter, ...]
    inside: str = ""


P = Parameter
BAD_IMAGE: dict[str, Any] = {"refused": "$BASE64_IMAGE", "says": "not base64"}
STYLE: dict[str, Any] = {"refused": "anim", "says": "Nearest: anime", "note": "78 names, as in the node Style Preset"}
LORA: dict[str, Any] = {"refused": {"nano-sd15-lore": 1.0}, "says": "nano-sd15-lora"}
ENCODING: dict[str, Any] = {"choices": ("jpeg", "png"), "default": "jpeg", "accepted": "jpeg", "refused": "gif"}
SAMPLER: dict[str, Any] = {"default": "DDIM", "accepted": "K_EULER", "refused": "EULER", "says": "Nearest: K_EULER"}
SDXL = {"inpainting_base_model": "sdxl", "init_image": LARGE}
A_LINK = "to a photo on this machine"
"""The tests put the address in its place."""

SIDE = "1024, or 512 for /generate/sd; a refusal lists the sizes"
TINY = {"image_base64": as_base64(photo(64)), "mask_image_base64": as_base64(square_mask(64)), "inpainting_full_res": 0}
START = {"init_image": PHOTO}
PAINT = {"init_image": PHOTO, "mask_image": MASK}
MAX_SEED = 2**32 - 1

ADETAILER = Document(
    "OctoAI, After Detailer",
    "/adetailer",
    {
        "init_image": PHOTO,
        "detector": "face_full_mediapipe",
        "inpainting_base_model": "sd15",
        "prompt": "a face",
        "steps": 2,
        "seed": 1,
        "image_encoding": "png",
    },
    (
        P("init_image", "base64", MIRRORED, **BAD_IMAGE, note="one of the base model's sizes; or init_image_url"),
        P(
            "init_image_url", "URL", A_LINK, "http://127.0.0.1/x", says="which is not fetched",
            given={"init_image": None}, note="instead of init_image",
        ),
        P(
            "detector", "string", "face_mesh_mediapipe", "face_yolo8n", says="Nearest", required=True,
            choices=(
                "face_yolov8n", "hand_yolov8n", "face_full_mediapipe", "face_short_mediapipe", "face_mesh_mediapipe",
                "eyes_mesh_mediapipe",
            ),
        ),
        P(
            "inpainting_base_model", "string", "sdxl", "sd3", "unseen", choices=("sdxl", "sd15"), required=True,
            given={"init_image": LARGE},
        ),
        P("cfg_scale", "number", 2.0, 50.5, default=7.5, above=0, high=50),
        P("checkpoint", "string", "octoai:nano-sd15", "nano-sd16", "same", says="nano-sd15"),
        P("confidence", "number", 0.5, 1.5, "same", default=0.3, low=0, high=1),
        P("image_encoding", "string", **ENCODING),
        P("loras", "object", {"octoai:nano-sd15-lora": 1.0}, default={}, **LORA),
        P("mask_blur", "integer", 12, -1, default=4, low=0, high=512),
        P("mask_dilation", "integer", 20, -1, default=4, low=0, high=512),
        P("mask_padding", "integer", 90, -1, default=32, low=0, high=4096),
        P("max_num_detections", "integer", 1, 0, "same", low=1, high=4096),
        P("union_masks", "boolean", True, "yes", "unseen", default=False, says="true or false"),
        P("negative_prompt", "string", "blurry", 5, default="", says="a text"),
        P("prompt", "string", "a green lizard", 5, default="", says="a text"),
        P("sampler", "string", **SAMPLER),
        P("seed", "integer or list", 2, 0, low=1, high=MAX_SEED, note="a list holds one for each object"),
        P("steps", "integer", 3, 201, default=20, low=1, high=200),
        P("strength", "number", 0.5, 1.1, default=0.9, low=0, high=1),
        P("style_preset", "string", "anime", default="base", **STYLE),
        P(
            "use_refiner", "boolean", True, 1, default=False, says="true or false", given=SDXL | {"steps": 3},
            note="sdxl only",
        ),
        P(
            "high_noise_frac", "number", 0.2, 1.5, default=0.8, low=0, high=1, own=True,
            given=SDXL | {"use_refiner": True},
        ),
    ),
)  # fmt: skip

ASKED = {"prompt": "an octopus", "steps": 2, "seed": 1, "image_encoding": "png"}
GENERATE = Document(
    "OctoAI, image generation",
    "/generate/sd",
    ASKED,
    (
        P("prompt", "string", "a lighthouse", 5, says="a text", required=True),
        P("negative_prompt", "string", "blurry", 5, default="", says="a text"),
        P("sampler", "string", **SAMPLER),
        P("cfg_scale", "number", 2.0, 0, default=12, above=0, high=50),
        P("image_encoding", "string", **ENCODING),
        P("num_images", "integer", 2, 17, "same", default=1, low=1, high=16),
        P(
            "seed", "integer or list", 2, MAX_SEED + 1, low=1, high=MAX_SEED,
            note="a list holds one for each picture, or null",
        ),
        P("steps", "integer", 3, 0, default=30, low=1, high=200),
        P("width", "integer", 640, 500, low=1, says="Nearest sizes: 512x512", note=SIDE),
        P("height", "integer", 768, 500, low=1, says="Nearest sizes: 512x512", note=SIDE),
        P("init_image", "base64", PHOTO, **BAD_IMAGE),
        P("strength", "number", 0.3, 1.5, low=0, high=1, given=START, note="0.8; 1 for outpainting"),
        P("mask_image", "base64", MASK, **BAD_IMAGE, given=START, note="white is painted anew"),
        P("outpainting", "boolean", True, 0, default=False, says="true or false", given=PAINT),
        P("checkpoint", "string", "nano-sd15.safetensors", "nano-sd16", "same", says="nano-sd15"),
        P("loras", "object", {"octoai:nano-sd15-lora": 1.0}, default={}, **LORA),
        P(
            "textual_inversions", "object", {"octoai:sd15-embedding": "octopus"}, {"x": "y"}, default={},
            says="sd15-embedding",
        ),
        P("vae", "string", "tinted-vae", "sd15-vea", says="sd15-vae"),
        P("clip_skip", "integer", 2, 13, default=1, low=0, high=12, own=True),
        P("inpaint_full_res", "boolean", True, 1, default=False, says="true or false", own=True, given=PAINT),
        P(
            "inpaint_full_res_padding", "integer", 100, -1, default=32, low=0, high=4096, own=True,
            given=PAINT | {"inpaint_full_res": True},
        ),
    ),
)  # fmt: skip

SDXL_ONLY = Document(
    "OctoAI, image generation: SDXL only",
    "/generate/sdxl",
    ASKED | {"steps": 1},
    (
        P("prompt_2", "string", "a cat in a little hat", 5, default="", says="a text", note="prompt, if left out"),
        P("negative_prompt_2", "string", "blurry", 5, default="", says="a text", note="as with prompt_2"),
        P("style_preset", "string", "anime", default="base", **STYLE),
        P("use_refiner", "boolean", True, "x", default=False, says="true or false", given={"steps": 3}),
        P(
            "high_noise_frac", "number", 0.2, -0.1, default=0.8, low=0, high=1,
            given={"steps": 2, "use_refiner": True},
        ),
        P(
            "transfer_images", "object", {"octopus": [PHOTO]}, {"cat": [PHOTO]}, default={},
            says="is not in the prompt", note="a trigger word of the prompt and 1 to 16 pictures",
        ),
    ),
)  # fmt: skip

CONTROLNET = Document(
    "OctoAI, image generation: along another picture",
    "/generate/controlnet-sdxl",
    ASKED | {"steps": 1, "controlnet_image": EDGES},
    (
        P("controlnet_image", "base64", PHOTO, **BAD_IMAGE, note="required on this route"),
        P(
            "checkpoint", "string", "octoai:pico-sdxl-controlnet", "pico-sdxl-controlnot", "same",
            says="pico-sdxl", note="a ControlNet's name or a checkpoint's",
        ),
        P("controlnet", "string", "pico-sdxl-controlnet", "x", "same", says="pico-sdxl-controlnet", own=True),
        P("controlnet_conditioning_scale", "number", 0.2, 11, default=1, low=0, high=10, own=True),
        P("controlnet_early_stop", "number", 0.0, 1.5, low=0, high=1, own=True, note="1"),
        P("controlnet_preprocess", "boolean", True, 1, default=False, says="true or false", own=True),
    ),
)  # fmt: skip

SEGMIND = Document(
    "Segmind, face detailer",
    "/v1/face-detailer",
    {
        "image": PHOTO,
        "prompt": "a face",
        "denoise": 0.4,
        "num_inference_steps": 15,
        "image_format": "png",
        "passes": 1,
    },
    (
        P(
            "image", "base64 or URL", MIRRORED, "http://169.254.169.254/x.png", says="which is not fetched",
            required=True,
        ),
        P("prompt", "string", "a green lizard", 5, says="a text", required=True),
        P("negative_prompt", "string", "hat", 5, default="bad quality, painting, blur", says="a text"),
        P("samples", "integer", 2, 5, "same", default=1, low=1, high=4),
        P("num_inference_steps", "integer", 16, 14, default=20, low=15, high=75),
        P("guidance_scale", "number", 9.5, 4.9, default=6, low=5, high=10),
        P("seed", "integer", 7, -2, default=12467, low=-1, high=MAX_SEED, note="-1: a random one"),
        P("denoise", "number", 0.8, 1.5, low=0, high=1, required=True),
        P("image_format", "string", "webp", "gif", default="jpeg", choices=("jpeg", "png", "webp")),
        P("image_quality", "integer", 50, 101, "same", default=95, low=10, high=100, note="seen in jpeg and webp"),
        P("base64", "boolean or 0, 1", 0, 2, "same", default=True),
        P("passes", "integer", 2, 5, default=2, low=1, high=4, own=True),
        P("upscale", "number", 2, 5, default=1, low=1, high=4, own=True),
    ),
)  # fmt: skip

NOVITA = Document(
    "Novita, inpainting: `request`",
    "/v3/async/inpainting",
    {
        "model_name": "nano-sd15",
        "prompt": "an octopus",
        "image_base64": SMALL,
        "mask_image_base64": SMALL_MASK,
        "steps": 2,
        "seed": 1,
    },
    (
        P("model_name", "string", "nano-sd15-inpaint", "nano-sd16", says="nano-sd15", required=True),
        P("prompt", "string", "a lighthouse", 5, says="a text", required=True),
        P("negative_prompt", "string", "blurry", 5, default="", says="a text"),
        P("image_num", "integer", 2, 9, "same", default=1, low=1, high=8),
        P("steps", "integer", 3, 101, default=25, low=1, high=100),
        P("seed", "integer", 2, -2, default=-1, low=-1, high=MAX_SEED, note="-1: a random one"),
        P("clip_skip", "integer", 2, 13, default=1, low=0, high=12),
        P("guidance_scale", "number", 2.0, 31, default=7.5, low=1, high=30),
        P(
            "sampler_name", "string", "DPM adaptive", "Euler b", default="Euler a", says="Euler",
        ),
        P("mask_blur", "integer", 8, 65, default=1, low=0, high=64),
        P("inpainting_fill", "integer", 0, 4, default=1, low=0, high=3, note="fill, original, latent noise or nothing"),
        P("inpainting_full_res", "boolean or 0, 1", 0, 2, default=True),
        P("inpainting_full_res_padding", "integer", 0, 257, default=32, low=0, high=256),
        P("inpainting_mask_invert", "boolean or 0, 1", 1, 2, default=False),
        P("initial_noise_multiplier", "number", 0.5, 1.6, default=1, low=0, high=1.5),
        P("strength", "number", 0.5, 1.1, default=0.85, low=0, high=1),
        P("image_base64", "base64", SMALL_MIRRORED, **BAD_IMAGE, required=True),
        P("mask_image_base64", "base64", SMALL_OTHER_MASK, **BAD_IMAGE, required=True, note="of the image's size"),
        P("sd_vae", "string", "sd15-vae", "sd15-vea", says="sd15-vae", own=True, given=TINY),
        P(
            "loras", "list", [{"model_name": "nano-sd15-lora", "strength": 1.0}], [{"model_name": "x"}], default=[],
            says="nano-sd15-lora", own=True,
        ),
        P(
            "embeddings", "list", [{"model_name": "sd15-embedding"}], [{"model_name": "x"}], default=[],
            says="sd15-embedding", own=True, given={"prompt": "sd15-embedding"},
        ),
    ),
    inside="request",
)  # fmt: skip

NOVITA_EXTRA = Document(
    "Novita, inpainting: `extra`",
    "/v3/async/inpainting",
    {},
    (P("response_image_type", "string", "png", "gif", "unseen", default="jpeg", choices=("jpeg", "png", "webp")),),
    inside="extra",
)

DOCUMENTS = (ADETAILER, GENERATE, SDXL_ONLY, CONTROLNET, SEGMIND, NOVITA, NOVITA_EXTRA)
