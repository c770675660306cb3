"""Style Preset."""

from __future__ import annotations

from pathlib import Path

import folder_paths
from comfy_api.latest import io

from ..detailer import styles
from ..files.reading import json_object
from .sockets import CATEGORY


class AfterDetailStylePreset(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailStylePreset",
            display_name="Style Preset",
            category=CATEGORY,
            description="Writes a prompt in one of many styles. Connect both texts to the text encoders. "
            "Your own styles go into the user folder, default/afterdetail/styles.json.",
            search_aliases=["style", "styler", "SDXL prompt styler", "preset"],
            inputs=[
                io.Combo.Input(
                    "style_preset",
                    options=_style_names(),
                    default=styles.BASE,
                    tooltip="The look to add to the prompt. base changes nothing.",
                ),
                io.String.Input(
                    "prompt", default="", multiline=True, optional=True, tooltip="What the picture should show."
                ),
                io.String.Input(
                    "negative_prompt",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="What it should not show. The style adds to this.",
                ),
            ],
            outputs=[
                io.String.Output(display_name="prompt"),
                io.String.Output(display_name="negative_prompt"),
            ],
        )

    @classmethod
    def validate_inputs(cls, style_preset: str | None = None) -> bool | str:
        if style_preset is None:  # linked: checked when it runs
            return True
        try:
            styles.find(style_preset, at_hand())
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, **widgets: str) -> int:
        """The user's file decides the result besides the widgets."""
        return _own_file().stat().st_mtime_ns if _own_file().is_file() else 0

    @classmethod
    def execute(cls, style_preset: str, prompt: str = "", negative_prompt: str = "") -> io.NodeOutput:
        style = styles.find(style_preset, at_hand())
        return io.NodeOutput(*style.around(prompt, negative_prompt))


def at_hand() -> styles.Styles:
    """The shipped styles and the user's own; ValueError if the user's file cannot be read."""
    file = _own_file()
    return styles.with_own(styles.styles_of(json_object(file), str(file))) if file.is_file() else styles.shipped()


def _own_file() -> Path:
    """Where the user's own styles are, whether it is there or not."""
    return Path(folder_paths.get_user_directory()) / "default" / "afterdetail" / "styles.json"


def _style_names() -> list[str]:
    """The names to choose from, the shipped ones alone where the user's file cannot be read."""
    try:
        return list(at_hand())
    except ValueError:  # said by validate_inputs: a node that cannot list its options would vanish from ComfyUI
        return list(styles.shipped())
