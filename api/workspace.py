"""The files of one job in ComfyUI's temporary folder: what a graph loads, and what it has shown."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folder_paths
from PIL import Image

SUBFOLDER = "afterdetail_api"


@dataclass(frozen=True)
class Workspace:
    """A folder of one job in ComfyUI's temporary folder, and what the graph calls its files."""

    folder: Path

    async def save(self, picture: Image.Image) -> str:
        """Write a picture; returns the name LoadImage takes."""
        name = f"{uuid.uuid4().hex}.png"
        await asyncio.to_thread(picture.save, self.folder / name, "PNG", compress_level=1)
        return f"{SUBFOLDER}/{self.folder.name}/{name} [temp]"


@asynccontextmanager
async def workspace() -> AsyncIterator[Workspace]:
    """A folder for one job, gone afterwards."""
    folder = Path(folder_paths.get_temp_directory()) / SUBFOLDER / uuid.uuid4().hex
    await asyncio.to_thread(folder.mkdir, parents=True)
    try:
        yield Workspace(folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)  # 0.1 s and more on a busy disk


async def taken(shown: Mapping[str, Any]) -> list[Image.Image]:
    """The pictures a PreviewImage node has written, off the disk."""
    return await asyncio.to_thread(lambda: [_taken(item) for item in shown["images"]])


def _taken(item: Mapping[str, str]) -> Image.Image:
    path = Path(folder_paths.get_temp_directory(), item["subfolder"], item["filename"])
    picture = Image.open(path)
    picture.load()
    path.unlink()
    return picture
