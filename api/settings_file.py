"""The settings file, and what the environment has to say: read before anything else of the service is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files.reading import json_object

ENABLE = "AFTERDETAIL_API"


def read(path: Path) -> dict[str, Any]:
    """The settings file's table, empty if there is none. ValueError if it is no JSON object."""
    return json_object(path) if path.is_file() else {}


def enabled_by(environment: Mapping[str, str]) -> bool | None:
    """Whether the environment turns the service on or off; None leaves it to the settings file."""
    value = environment.get(ENABLE, "").strip().lower()
    return value in ("1", "true", "yes", "on") if value else None
