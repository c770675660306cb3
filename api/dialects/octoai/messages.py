"""OctoAI's image service: what it is asked and what it answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from ....detailer.box import Size
from ....detailer.family import HostedFamily, sizes_in
from ...graphs import InGraph, Sampling, in_hundredths
from ...validation import MAX_SEED, Name, OneOf, Prompt, RequestModel
from .samplers import SAMPLERS

Seed = Annotated[int, Field(ge=1, le=MAX_SEED)]
Encoding = Literal["jpeg", "png"]
Detector = Literal[
    "face_yolov8n",
    "hand_yolov8n",
    "face_full_mediapipe",
    "face_short_mediapipe",
    "face_mesh_mediapipe",
    "eyes_mesh_mediapipe",
]
SamplerName = Annotated[str, OneOf(SAMPLERS)]

GENERATED: dict[HostedFamily, tuple[Size, ...]] = {
    "sdxl": sizes_in("1024x1024 896x1152 832x1216 768x1344 640x1536 1536x640 1344x768 1216x832 1152x896"),
    "sd15": sizes_in("512x512 640x512 768x512 512x704 512x768 576x768 640x768 576x1024 1024x576"),
}
"""The sizes that /generate makes."""


class Common(RequestModel):
    """What both kinds of request have."""

    negative_prompt: Prompt = ""
    sampler: SamplerName = "DDIM"
    checkpoint: Name | None = None
    loras: dict[Name, Annotated[float, Field(ge=-100, le=100)]] = Field({}, max_length=16)
    style_preset: Name = "base"
    use_refiner: bool = False
    high_noise_frac: float = Field(0.8, ge=0, le=1)
    image_encoding: Encoding = "jpeg"
    steps: int
    cfg_scale: float

    @property
    def sampling(self) -> Sampling:
        """Steps, cfg and sampler, in ComfyUI's names."""
        return Sampling(self.steps, self.cfg_scale, SAMPLERS[self.sampler])


def _no_limit_is_0(count: int | None) -> int:
    return count or 0


class ADetailerRequest(Common):
    """Faces or hands of a picture, each repainted."""

    init_image: str | None = Field(None, description="An image file as base64.")
    init_image_url: str | None = Field(None, max_length=4000, description="Where to fetch it, instead of init_image.")
    detector: Annotated[Detector, InGraph()]
    inpainting_base_model: Annotated[HostedFamily, InGraph("base_model")]
    prompt: Prompt = ""
    cfg_scale: float = Field(7.5, gt=0, le=50)
    confidence: Annotated[float, InGraph()] = Field(0.3, ge=0, le=1)
    mask_blur: Annotated[int, InGraph()] = Field(4, ge=0, le=512)
    mask_dilation: Annotated[int, InGraph()] = Field(4, ge=0, le=512)
    mask_padding: Annotated[int, InGraph()] = Field(32, ge=0, le=4096)
    max_num_detections: Annotated[int | None, InGraph(value=_no_limit_is_0)] = Field(None, ge=1, le=4096)
    union_masks: Annotated[bool, InGraph()] = False
    seed: Seed | Annotated[list[Seed], Field(min_length=1, max_length=4096)] | None = None
    steps: int = Field(20, ge=1, le=200)
    strength: Annotated[float, InGraph("denoise", in_hundredths)] = Field(0.9, ge=0, le=1)

    @model_validator(mode="after")
    def one_image(self) -> ADetailerRequest:
        """ValueError unless there is exactly one picture."""
        if bool(self.init_image) == bool(self.init_image_url):
            raise ValueError("Send either init_image or init_image_url.")
        return self


class ADetailerAnswer(BaseModel):
    image_b64: str | None
    num_objects_detected: int
    num_objects_inpainted: int
    num_removed_for_safety: int


class GenerateRequest(Common):
    """Pictures from words, and from pictures if some are given."""

    prompt: Prompt
    prompt_2: Prompt = ""
    negative_prompt_2: Prompt = ""
    cfg_scale: float = Field(12.0, gt=0, le=50)
    width: int | None = Field(None, ge=1, description="1024 if left out; 512 for /generate/sd.")
    height: int | None = Field(None, ge=1, description="1024 if left out; 512 for /generate/sd.")
    num_images: int = Field(1, ge=1, le=16)
    seed: Seed | Annotated[list[Seed | None], Field(min_length=1, max_length=16)] | None = None
    steps: int = Field(30, ge=1, le=200)
    init_image: str | None = Field(None, description="An image file as base64: the picture to start from.")
    mask_image: str | None = Field(None, description="An image file as base64: white is painted anew.")
    strength: float | None = Field(
        None, ge=0, le=1, description="0.8 if left out; 1 for outpainting. 0 keeps init_image as it is."
    )
    outpainting: Annotated[bool, InGraph()] = False
    inpaint_full_res: Annotated[bool, InGraph("only_masked")] = Field(
        False, description="Repaint a window around the mask at the full size."
    )
    inpaint_full_res_padding: Annotated[int, InGraph("padding")] = Field(32, ge=0, le=4096)
    textual_inversions: dict[Name, Name | None] = Field({}, max_length=16)
    vae: Name | None = None
    clip_skip: int = Field(1, ge=0, le=12, description="0 and 1 use the whole text encoder.")
    controlnet: Name | None = None
    controlnet_image: str | None = None
    controlnet_conditioning_scale: float = Field(1.0, ge=0, le=10)
    controlnet_early_stop: float | None = Field(None, ge=0, le=1)
    controlnet_preprocess: bool = Field(False, description="Find the edges of controlnet_image first.")
    transfer_images: dict[Name, list[str]] = Field({}, max_length=1)

    @model_validator(mode="after")
    def sensible(self) -> GenerateRequest:
        """ValueError for fields that need others, or exclude them."""
        if self.mask_image and not self.init_image:
            raise ValueError("mask_image needs init_image, the picture it is a mask of.")
        if self.outpainting and not self.mask_image:
            raise ValueError("outpainting needs init_image and mask_image, white where the picture is to grow.")
        if isinstance(self.seed, list) and len(self.seed) != self.num_images:
            raise ValueError(f"seed lists {len(self.seed)} seeds for num_images {self.num_images}: send one for each.")
        if any(not images or len(images) > 16 for images in self.transfer_images.values()):
            raise ValueError("transfer_images needs 1 to 16 pictures for its trigger word.")
        if self.transfer_images and (self.prompt_2 or self.negative_prompt_2):
            raise ValueError("transfer_images works with prompt and negative_prompt only; leave out the second ones.")
        return self


class GeneratedImage(BaseModel):
    image_b64: str | None
    seed: int
    removed_for_safety: bool


class GenerateAnswer(BaseModel):
    images: list[GeneratedImage]
    prediction_time_ms: float
