"""Why a weights file was refused, in sentences that name the file."""

from __future__ import annotations

from pathlib import Path


class CheckpointError(ValueError):
    """A weights file that is damaged, hostile or of an unknown format. `reason` continues the file's name."""

    def __init__(self, path: Path, reason: str):
        super().__init__(f"{path.name} {reason}. File: {path}")
        self.reason = reason


class OtherArchitecture(CheckpointError):
    """A sound file whose network is none of the YOLOv8 detect and segment networks."""
