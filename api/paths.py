"""Which paths are the service's: those of its routes, and whatever is asked for below them."""

from __future__ import annotations

import re

API_PREFIX = "/api"
"""ComfyUI answers every route under it as well."""

OURS = re.compile(
    r"/(adetailer|generate|v1/face-detailer|v3/async|v3/model|sdapi/v1|afterdetail/(openapi\.json|task-image))(/|$)"
)


def is_ours(path: str) -> bool:
    """Whether a request's path is the service's, with or without /api."""
    return OURS.match(without_prefix(path)) is not None


def without_prefix(path: str) -> str:
    """The path without /api."""
    return path.removeprefix(API_PREFIX) if path.startswith(f"{API_PREFIX}/") else path
