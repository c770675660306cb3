"""OctoAI's routes."""

from __future__ import annotations

from ..dialect import Dialect, Post
from ..fastapi import Complaints, Failure, failed
from .adetailer import adetailer
from .generate import controlnet_sdxl, sd, sdxl
from .messages import ADetailerAnswer, ADetailerRequest, GenerateAnswer, GenerateRequest

ROUTES = (
    Post("/adetailer", "Repair faces or hands", ADetailerRequest, ADetailerAnswer, adetailer),
    *(
        Post(f"/generate/{engine}", summary, GenerateRequest, GenerateAnswer, run)
        for engine, summary, run in (
            ("sdxl", "Make pictures with SDXL", sdxl),
            ("sd", "Make pictures with SD 1.5", sd),
            ("controlnet-sdxl", "Make pictures with SDXL along another", controlnet_sdxl),
        )
    ),
)
DIALECT = Dialect("OctoAI", ROUTES, failed, Failure, Complaints)
