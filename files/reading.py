"""What people wrote by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def json_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds. ValueError, naming the file, if it can't be read or holds anything else."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}). Correct it or remove it.") from error
    if not isinstance(table, dict):
        raise ValueError(f'{path} must hold a JSON object, such as {{"name": ...}}. Correct it or remove it.')
    return table
