"""The files of one job in ComfyUI's temporary folder: what its graph loads."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

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
