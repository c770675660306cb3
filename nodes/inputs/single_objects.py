"""Prompts, negatives and seeds of single objects."""

from __future__ import annotations

from comfy_api.latest import io


def per_object() -> list[io.Input]:
    """Prompts and seeds for single objects."""
    return [
        io.Clip.Input("clip", optional=True, tooltip="The text encoder for object_prompts."),
        io.String.Input(
            "object_prompts",
            default="",
            multiline=True,
            optional=True,
            advanced=True,
            tooltip="A prompt for each object, one per line, by the numbers on the picture; or "
            '"label: prompt" for a class. An empty line keeps the common prompt, [SKIP] leaves an object alone, '
            "[PROMPT] inserts the prompt input, <lora:name:0.8> adds a LoRA, --neg a negative, ... repeats the line "
            "above. The help page has the whole grammar.",
        ),
        io.String.Input(
            "seeds",
            default="",
            optional=True,
            advanced=True,
            tooltip="Seeds for single objects, separated by commas, by the numbers on the pictures, counted on through "
            "all images. "
            "The report names every seed, so that an object can be done again.",
        ),
    ]


def object_negatives() -> io.Input:
    return io.String.Input(
        "object_negatives",
        default="",
        multiline=True,
        optional=True,
        advanced=True,
        tooltip="Negative prompts for single objects, written as in object_prompts. An empty line keeps the "
        "common negative prompt.",
    )


def prompt() -> io.Input:
    return io.String.Input(
        "prompt",
        optional=True,
        force_input=True,
        tooltip="The text of the common prompt, for [PROMPT] in object_prompts.",
    )
