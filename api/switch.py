"""Whether the service is on, and where its files are."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import folder_paths

ENABLE = "AFTERDETAIL_API"
LOG = logging.getLogger("afterdetail")


def folder() -> Path:
    """Where the service keeps its settings and tasks: a folder that ComfyUI gives to nobody over HTTP."""
    return Path(folder_paths.get_system_user_directory("afterdetail"))


def settings_file() -> Path:
    return folder() / "service.json"


def register(server: Any) -> None:
    """Add the routes to ComfyUI's server, if the settings file or the environment turns them on."""
    try:
        if not enabled():
            return
        from .routes import add_routes  # here, so that a ComfyUI without the service does not pay for it
        from .settings import load

        settings = load(settings_file(), os.environ)
        add_routes(server, settings)
    except (ValueError, OSError, ImportError) as error:  # the nodes work without it
        LOG.error("The HTTP service of AfterDetail stays off: %s", error)


def enabled() -> bool:
    """Whether the environment variable or, without it, the settings file says so. ValueError for a broken file."""
    wish = os.environ.get(ENABLE, "").strip().lower()
    if wish:
        return wish in ("1", "true", "yes", "on")
    path = settings_file()
    if not path.is_file():
        return False
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}). Correct it or remove it.") from error
    return isinstance(settings, dict) and settings.get("enabled") is True
