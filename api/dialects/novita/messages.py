"""Novita's asynchronous inpainting: what it is asked and what it answers."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, Field

from ...errors import Refused
from ...graphs import NUMBERED_FILLS, InGraph, Sampling, in_hundredths
from ...tasks import Status
from ...validation import MAX_SEED, Name, OneOf, Prompt, RequestModel, Switch
from .samplers import SAMPLERS

STATUSES = {422: 400}
REASONS = {
    400: "INVALID_REQUEST_BODY",
    401: "UNAUTHORIZED",
    404: "TASK_NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "REQUEST_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMIT_EXCEEDED",
}
SamplerName = Annotated[str, OneOf(SAMPLERS)]


def _unnamed(value: object) -> object:
    return None if value == "" else value


OptionalName = Annotated[Name | None, BeforeValidator(_unnamed)]


class Lora(RequestModel):
    model_name: Name
    strength: float = Field(1.0, ge=-100, le=100)


class Embedding(RequestModel):
    model_name: Name


class InpaintingParameters(RequestModel):
    """Defaults are those of the service's example."""

    model_name: Name
    image_base64: str = Field(min_length=1)
    mask_image_base64: str = Field(min_length=1)
    prompt: Prompt
    negative_prompt: Prompt = ""
    image_num: int = Field(1, ge=1, le=8)
    steps: int = Field(25, ge=1, le=100)
    seed: int = Field(-1, ge=-1, le=MAX_SEED)
    clip_skip: int = Field(1, ge=0, le=12)
    guidance_scale: float = Field(7.5, ge=1, le=30)
    sampler_name: SamplerName = "Euler a"
    mask_blur: Annotated[int, InGraph()] = Field(1, ge=0, le=64)
    inpainting_fill: Annotated[int, InGraph("fill", NUMBERED_FILLS.__getitem__)] = Field(
        1, ge=0, le=3, description="0 fill, 1 original, 2 latent noise, 3 latent nothing"
    )
    inpainting_full_res: Annotated[Switch, InGraph("only_masked", bool)] = Field(
        True, description="0 the whole picture, 1 only the masked part"
    )
    inpainting_full_res_padding: Annotated[int, InGraph("padding")] = Field(32, ge=0, le=256)
    inpainting_mask_invert: Annotated[Switch, InGraph("invert", bool)] = False
    initial_noise_multiplier: Annotated[float, InGraph("noise_multiplier")] = Field(1.0, ge=0, le=1.5)
    strength: Annotated[float, InGraph("denoise", in_hundredths)] = Field(0.85, ge=0, le=1)
    sd_vae: OptionalName = None
    loras: list[Lora] = Field([], max_length=5)
    embeddings: list[Embedding] = Field([], max_length=5)

    @property
    def sampling(self) -> Sampling:
        """Steps, guidance and sampler, in ComfyUI's names."""
        return Sampling(self.steps, self.guidance_scale, SAMPLERS[self.sampler_name])


class Extra(RequestModel):
    response_image_type: Literal["jpeg", "png", "webp"] = "jpeg"


class InpaintingRequest(RequestModel):
    """The white part of a mask, painted anew."""

    extra: Extra = Extra()
    request: InpaintingParameters


class TaskQuery(RequestModel):
    task_id: str = Field(min_length=1)


class TaskId(BaseModel):
    task_id: str


class TaskAccepted(BaseModel):
    """`task_id` stands in `data`, where the documentation has it, and outside, where the Python client looks."""

    code: int = 0
    msg: str = ""
    data: TaskId
    task_id: str


TaskStatus = Literal["TASK_STATUS_QUEUED", "TASK_STATUS_PROCESSING", "TASK_STATUS_SUCCEED", "TASK_STATUS_FAILED"]
STATES: dict[Status, TaskStatus] = {
    "QUEUED": "TASK_STATUS_QUEUED",
    "SUCCEED": "TASK_STATUS_SUCCEED",
    "FAILED": "TASK_STATUS_FAILED",
}


class TaskState(BaseModel):
    task_id: str
    task_type: str = "INPAINTING"
    status: TaskStatus
    reason: str
    eta: int = 0
    progress_percent: int = Field(ge=0, le=100)


class TaskImage(BaseModel):
    image_url: str
    image_url_ttl: int
    image_type: str


class TaskExtra(BaseModel):
    seed: int


class TaskResult(BaseModel):
    extra: TaskExtra
    task: TaskState
    images: list[TaskImage]
    videos: list[str] = []


ModelKind = Literal["checkpoint", "lora", "textualinversion", "vae"]
AnyModelKind = Literal[ModelKind, "controlnet", "upscaler"]


def _number_in(cursor: object) -> object:
    return re.sub(r"^(c_)+", "", cursor) if isinstance(cursor, str) else cursor


class ModelQuery(RequestModel):
    """The Python client says filter.type where the documentation has filter.types."""

    visibility: Literal["public", "private"] | None = Field(None, alias="filter.visibility")
    query: str = Field("", alias="filter.query", max_length=300, description="A part of the name.")
    types: list[AnyModelKind] = Field([], alias="filter.types", max_length=16)
    type: list[AnyModelKind] = Field([], alias="filter.type", max_length=16)
    is_inpainting: bool = Field(False, alias="filter.is_inpainting", description="True leaves the others out.")
    is_sdxl: bool | None = Field(None, alias="filter.is_sdxl")
    limit: int = Field(100, ge=1, le=100, alias="pagination.limit")
    cursor: Annotated[int, BeforeValidator(_number_in)] = Field(
        0, ge=0, le=10**9, alias="pagination.cursor", description="next_cursor of the answer before."
    )

    @property
    def kinds(self) -> set[AnyModelKind]:
        """Those that are asked for, under either spelling."""
        return {*self.types, *self.type}


class ModelType(BaseModel):
    name: ModelKind
    display_name: str


class Model(BaseModel):
    """`sd_name` is what the other routes take. `status` 1: it can be used."""

    id: int
    name: str
    sd_name: str
    sd_name_in_api: str
    type: ModelType
    base_model: str
    status: int = 1
    visibility: str = "public"


class ModelPages(BaseModel):
    """`next_cursor` is empty on the last page."""

    next_cursor: str


class ModelList(BaseModel):
    models: list[Model]
    pagination: ModelPages


class Failure(BaseModel):
    code: int
    reason: str
    message: str
    metadata: dict[str, str]


def failed(error: Refused) -> web.Response:
    """A refusal in Novita's form."""
    status = STATUSES.get(error.status, error.status)
    reason = REASONS.get(status, "SERVER_ERROR")
    metadata = {item.field: item.sentence for item in error.problems if item.field}
    answer = {"code": status, "reason": reason, "message": str(error), "metadata": metadata}
    return web.json_response(answer, status=status, headers=error.headers)
