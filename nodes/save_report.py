"""Save Report."""

from __future__ import annotations

import itertools
import json
from contextlib import suppress
from pathlib import Path

import folder_paths
from comfy_api.latest import io

from ..files.atomic import write_new
from .sockets import CATEGORY


class AfterDetailSaveReport(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailSaveReport",
            display_name="Save Report",
            category=CATEGORY,
            description="Saves the report as a JSON file, so that a run without the canvas hands it out like a "
            "picture.",
            search_aliases=["save json", "save text", "export report"],
            inputs=[
                io.String.Input(
                    "report", force_input=True, tooltip="The report of After Detailer or of Inpaint Regions."
                ),
                io.String.Input(
                    "filename_prefix",
                    default="detailed",
                    optional=True,
                    tooltip="What the file's name begins with, as in Save Image; a folder may stand before it.",
                ),
            ],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def validate_inputs(cls, filename_prefix: str | None = None) -> bool | str:
        return True if filename_prefix is None else _misplaced(filename_prefix) or True

    @classmethod
    def execute(cls, report: str, filename_prefix: str = "detailed") -> io.NodeOutput:
        if problem := _misplaced(filename_prefix):
            raise ValueError(problem)
        path, subfolder = _save(_content_of(report), filename_prefix)
        return io.NodeOutput(ui={"files": [{"filename": path.name, "subfolder": subfolder, "type": "output"}]})


def _content_of(report: str) -> bytes:
    """The JSON in lines that a person can read. ValueError if it is none."""
    try:
        return json.dumps(json.loads(report), indent=1, ensure_ascii=False).encode()
    except ValueError as error:
        raise ValueError(
            f"report: this text is not JSON ({error}). Connect the report of After Detailer or of Inpaint Regions."
        ) from error


def _misplaced(filename_prefix: str) -> str | None:
    """Why no file can be saved under this prefix, if so."""
    output = Path(folder_paths.get_output_directory()).resolve()
    if (output / filename_prefix).resolve().is_relative_to(output):
        return None
    return f"filename_prefix: {filename_prefix!r} leads out of ComfyUI's output folder. Write a name, as 'detailed'."


def _save(content: bytes, filename_prefix: str) -> tuple[Path, str]:
    """The new file, numbered as Save Image does, and its folder inside the output folder."""
    output = folder_paths.get_output_directory()
    folder, name, first, subfolder, _ = folder_paths.get_save_image_path(filename_prefix, output)
    numbers = itertools.count(first)
    while True:
        path = Path(folder) / f"{name}_{next(numbers):05}_.json"
        with suppress(FileExistsError):  # another run took the number
            write_new(path, content)
            return path, subfolder
