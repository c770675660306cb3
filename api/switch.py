"""Whether the service is on."""

from __future__ import annotations

import logging
import os
from typing import Any

from comfy_api.latest import io

from .folders import settings_file
from .settings_file import enabled_by, read

LOG = logging.getLogger("afterdetail")


def register(server: Any) -> list[type[io.ComfyNode]]:
    """Add the routes to ComfyUI's server, if the settings file or the environment turns them on.

    Returns the nodes that their graphs need. A service that is asked for and cannot start says so on all its paths.
    """
    path, enabled = settings_file(), enabled_by(os.environ)
    try:
        table = {} if enabled is False else read(path)
        if not (table.get("enabled") is True if enabled is None else enabled):
            return []
        from .fitting_nodes import AfterDetailServiceLora, AfterDetailServiceVAE  # here, so that a ComfyUI without
        from .result_node import AfterDetailServiceResult  # the service does not pay for it
        from .service_settings import settings_of
        from .serving import add_routes

        add_routes(server, settings_of(table, os.environ, path))
        return [AfterDetailServiceResult, AfterDetailServiceLora, AfterDetailServiceVAE]
    except (ValueError, OSError, ImportError) as error:  # the nodes work without it
        from .unavailable import saying

        LOG.error("The HTTP service of AfterDetail stays off: %s", error)
        server.app.middlewares.insert(0, saying(str(error).replace(str(path), path.name)))
        return []
