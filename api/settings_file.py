"""The settings file, and what the environment has to say: read before anything else of the service is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ENABLE = "AFTERDETAIL_API"


def read(path: Path) -> dict[str, Any]:
    """The settings file's table, empty if there is none. ValueError if it is no JSON object."""
    if not path.is_file():
        return {}
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}). Correct it or remove it.") from error
    if not isinstance(table, dict):
        raise ValueError(f'{path} must hold a JSON object, such as {{"enabled": true}}. Correct it or remove it.')
    return table


def wish_of(environment: Mapping[str, str]) -> bool | None:
    """Whether the environment turns the service on or off; None leaves it to the settings file."""
    wish = environment.get(ENABLE, "").strip().lower()
    return wish in ("1", "true", "yes", "on") if wish else None
