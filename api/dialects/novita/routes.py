"""Novita's routes."""

from __future__ import annotations

from ..dialect import Dialect, Get, Post
from .async_inpainting import IMAGE_PATH, accept, image, result
from .listing import models
from .messages import (
    Failure,
    InpaintingRequest,
    ModelList,
    ModelQuery,
    TaskAccepted,
    TaskQuery,
    TaskResult,
    failed,
)

ROUTES = (
    Post(
        "/v3/async/inpainting",
        "Start to repaint the white part of a mask",
        InpaintingRequest,
        TaskAccepted,
        accept,
    ),
    Get("/v3/async/task-result", "How a task stands", result, TaskResult, TaskQuery, failures=(404,)),
    Get("/v3/model", "The models of this server", models, ModelList, ModelQuery, failures=(400,)),
    Get(IMAGE_PATH, "A picture of a task", image, public=True),
)
DIALECT = Dialect("Novita", ROUTES, failed, Failure)
