"""What ComfyUI's errors mean, in the words of who built the graph."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import NamedTuple

TEXT_ENCODERS = {
    768: "SD 1.5",
    1024: "SD 2",
    1280: "the SDXL refiner",
    2048: "SDXL",
    2304: "SD 1.5",
    2560: "the SDXL refiner",
    2816: "SDXL",
    4096: "a model with a T5 text encoder (SD3, Flux)",
}
"""The family by the width of its text: of the tokens, and with what SDXL adds to the pooled text."""

REFINER = "the SDXL refiner"

_SHAPES = re.compile(r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)")
_CHANNELS = re.compile(r"expected input\[.*\] to have (\d+) channels, but got (\d+) channels")
_SIZES = re.compile(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)")


class Mistake(NamedTuple):
    """A usual mistake: how it shows, and the sentence for it."""

    name: str
    pattern: re.Pattern[str]
    sentence: str | Callable[[re.Match[str]], str]
    r"""May name the groups of the pattern, as \1."""
    module: str = ""
    """A part of the path of a module the error came through; "" for any."""


def _other_text(match: re.Match[str]) -> str:
    given, wanted = (TEXT_ENCODERS.get(int(width), f"a model of width {width}") for width in match.groups())
    if wanted == REFINER:
        return (
            "The model is the SDXL refiner, which only does the last steps: wire it to refiner_model, with prompts of "
            "its own, and an SDXL model to model."
        )
    if given == REFINER:
        return f"The prompts are for the SDXL refiner and the model is {wanted}: encode them with the model's own CLIP."
    return (
        f"The prompts come from the text encoder of {given} and the model is {wanted}: wire positive and negative from "
        "the CLIP that belongs to the model."
    )


_OTHER_CONTROL = "The ControlNet was made for another family of models: use one for this model, or take it out."

MISTAKES = (
    Mistake(
        "out of memory",
        re.compile(r"out of memory|not enough memory|can't allocate memory", re.I),
        "There is not enough memory for a crop of this size: choose a smaller resolution or batch_size 1, or start "
        "ComfyUI with --lowvram.",
    ),
    Mistake("ControlNet of another family", _SHAPES, _OTHER_CONTROL, "controlnet"),
    Mistake("ControlNet of another family", _CHANNELS, _OTHER_CONTROL, "controlnet"),
    Mistake("ControlNet of another family", _SIZES, _OTHER_CONTROL, "controlnet"),
    Mistake("ControlNet of another family", re.compile(r"y is None, did you try using a controlnet"), _OTHER_CONTROL),
    Mistake(
        "LoRA of another family",
        _SIZES,
        "A LoRA was made for another family of models: take it out, or use one for this model.",
        "lora",
    ),
    Mistake("text of another family", _SHAPES, _other_text),
    Mistake(
        "VAE of another family",
        _CHANNELS,
        r"The VAE makes latents of \2 channels and the model takes \1: it belongs to another family. Use the VAE of "
        "the model's own checkpoint.",
    ),
    Mistake(
        "VAE of another family",
        re.compile(r"Expected .* input to conv2d, but got"),
        "The VAE makes latents for video and the model is none for video: it belongs to another family. Use the VAE of "
        "the model's own checkpoint.",
    ),
    Mistake(
        "NaN",
        re.compile(r"holds NaN or Inf"),
        "The model or the VAE gave NaN instead of a picture. Mostly it is the VAE in fp16: start ComfyUI with "
        "--fp32-vae, or use a VAE made for fp16 (for SDXL, sdxl-vae-fp16-fix).",
    ),
)
"""The first that matches explains."""


def explained(stage: str, error: BaseException) -> str:
    """What went wrong in a stage, for the report: a sentence for a usual mistake, else the error's own words."""
    text = str(error)
    modules = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    for mistake in MISTAKES:
        match = mistake.pattern.search(text)
        if match and any(mistake.module in module for module in modules or [""]):
            sentence = mistake.sentence
            return match.expand(sentence) if isinstance(sentence, str) else sentence(match)
    return f"{stage} failed: {text or type(error).__name__}"
