"""Whether the service is on, and where its files are."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import io

from .settings_file import read, wish_of

LOG = logging.getLogger("afterdetail")


def folder() -> Path:
    """Where the service keeps its settings and tasks: a folder that ComfyUI gives to nobody over HTTP."""
    return Path(folder_paths.get_system_user_directory("afterdetail"))


def settings_file() -> Path:
    return folder() / "service.json"


def register(server: Any) -> list[type[io.ComfyNode]]:
    """Add the routes to ComfyUI's server, if the settings file or the environment turns them on.

    Returns the nodes that their graphs need. A service that is asked for and cannot start says so on all its paths.
    """
    path, wish = settings_file(), wish_of(os.environ)
    try:
        table = {} if wish is False else read(path)
        if not (table.get("enabled") is True if wish is None else wish):
            return []
        from .result_node import AfterDetailServiceResult  # here, so that a ComfyUI without the service does not
        from .routes import add_routes  # pay for it
        from .settings import settings_of

        add_routes(server, settings_of(table, os.environ, path))
        return [AfterDetailServiceResult]
    except (ValueError, OSError, ImportError) as error:  # the nodes work without it
        from .unavailable import saying

        LOG.error("The HTTP service of AfterDetail stays off: %s", error)
        server.app.middlewares.insert(0, saying(str(error).replace(str(path), path.name)))
        return []
