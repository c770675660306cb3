"""The packages that are used where they are installed. Asked of their metadata: importing them takes seconds."""

from __future__ import annotations

from importlib import metadata

PACKAGES = ("ultralytics", "onnxruntime", "Brotli", "backports.zstd")
"""What each gives stands in README.md. The last two let the web framework hand every body to the service."""


def version(package: str) -> str:
    """The installed version; empty if there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def sentence() -> str:
    """Which of them were found, for ComfyUI's log at its start."""
    found = [f"{package} {version(package)}" for package in PACKAGES if version(package)]
    return f"AfterDetail: optional packages found: {', '.join(found) or 'none, and none is needed'}."
