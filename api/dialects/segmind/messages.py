"""Segmind's face detailer: what it is asked and what it answers."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field, model_validator

from ...errors import Refused
from ...graphs import InGraph, Sampler, Sampling, in_hundredths
from ...validation import MAX_SEED, Prompt, RequestModel, Switch

STATUSES = {422: 400}
"""Segmind answers 400 where others answer 422."""

CREDITS = {"x-remaining-credits": "999999999"}
"""Clients read it after every call; a server of one's own has no credits to run out of."""


DETECTOR = "face_full_mediapipe"
SAMPLER = Sampler("euler", "normal")


class FaceDetailerRequest(RequestModel):
    """Faces of a picture, each repainted."""

    image: str = Field(min_length=1, description="An image file as base64, or where to fetch it.")
    prompt: Prompt
    negative_prompt: Prompt = "bad quality, painting, blur"
    samples: int = Field(1, ge=1, le=4)
    num_inference_steps: int = Field(20, ge=15, le=75)
    guidance_scale: float = Field(6, ge=5, le=10)
    seed: int = Field(12467, ge=-1, le=MAX_SEED, description="-1 is a random one.")
    denoise: Annotated[float, InGraph(value=in_hundredths)] = Field(ge=0, le=1)
    image_format: Literal["jpeg", "png", "webp"] = "jpeg"
    image_quality: int = Field(95, ge=10, le=100)
    base64: Switch = True
    passes: Annotated[int, InGraph()] = Field(
        2, ge=1, le=4, description="This server's own: how often each face is repainted."
    )
    upscale: Annotated[float, InGraph()] = Field(
        1.0, ge=1, le=4, description="This server's own: how much larger the result is."
    )

    @property
    def sampling(self) -> Sampling:
        """Steps, guidance and sampler, in ComfyUI's names."""
        return Sampling(self.num_inference_steps, self.guidance_scale, SAMPLER)

    @model_validator(mode="after")
    def one_file(self) -> FaceDetailerRequest:
        """ValueError for several results where the answer is one file."""
        if self.samples > 1 and not self.base64:
            raise ValueError(
                f"samples is {self.samples} and base64 is false, but bytes hold one image. Set base64 to true."
            )
        return self


class FaceDetailerAnswer(BaseModel):
    """`image` is the first of `images`."""

    image: str
    images: list[str]


class Failure(BaseModel):
    error: str


def failed(error: Refused) -> web.Response:
    """A refusal in Segmind's form."""
    status = STATUSES.get(error.status, error.status)
    return web.json_response({"error": str(error)}, status=status, headers=error.headers)
