"""Where the service's files are."""

from __future__ import annotations

from pathlib import Path

import folder_paths


def own() -> Path:
    """The folder of its settings and tasks: one that ComfyUI gives to nobody over HTTP."""
    return Path(folder_paths.get_system_user_directory("afterdetail"))


def settings_file() -> Path:
    """Where the operator's settings are, if there are any."""
    return own() / "service.json"
