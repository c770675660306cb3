"""How objects are repainted."""

from __future__ import annotations

import comfy.samplers
from comfy_api.latest import io

from ...detailer.seeds import MAX_SEED, Seeds
from ...detailer.settings import (
    BLENDS,
    FILLS,
    KEEPS,
    MAX_RETRIES,
    REFERENCES,
    KeepSettings,
    PaintSettings,
    SampleSettings,
)

SAMPLING, PAINT, KEEP, SEEDS = SampleSettings(), PaintSettings(), KeepSettings(), Seeds()


def sampling() -> list[io.Input]:
    return [
        io.Int.Input(
            "seed",
            default=SEEDS.seed,
            min=0,
            max=MAX_SEED,
            control_after_generate=True,
            optional=True,
            tooltip="Every object gets a seed of its own, derived from this one; the report names it.",
        ),
        io.Int.Input(
            "steps", default=SAMPLING.steps, min=1, max=10000, optional=True, tooltip="Sampling steps per object."
        ),
        io.Float.Input(
            "cfg",
            default=SAMPLING.cfg,
            min=0.0,
            max=100.0,
            step=0.1,
            round=0.01,
            optional=True,
            tooltip="How closely the prompt is followed.",
        ),
        io.Combo.Input(
            "sampler_name",
            options=comfy.samplers.KSampler.SAMPLERS,
            default=SAMPLING.sampler_name,
            optional=True,
            tooltip="The sampling algorithm.",
        ),
        io.Combo.Input(
            "scheduler",
            options=comfy.samplers.KSampler.SCHEDULERS,
            default=SAMPLING.scheduler,
            optional=True,
            tooltip="How the noise is spread over the steps.",
        ),
        io.Float.Input(
            "denoise",
            default=SAMPLING.denoise,
            min=0.0,
            max=1.0,
            step=0.01,
            optional=True,
            tooltip="How much of an object is repainted. Low keeps its look, 1 ignores what was there.",
        ),
    ]


def batch_size() -> io.Input:
    return io.Int.Input(
        "batch_size",
        default=SAMPLING.batch_size,
        min=0,
        max=4096,
        optional=True,
        tooltip="How many objects go through the model at once. 0: as many as fit into memory. "
        "The result does not depend on it.",
    )


def repair() -> list[io.Input]:
    """The advanced ways to repaint."""
    return [
        io.Int.Input(
            "passes",
            default=SAMPLING.passes,
            min=1,
            max=10,
            optional=True,
            advanced=True,
            tooltip="Repaint so many times, each time at half the denoise of the time before: "
            "the first rebuilds the outline of a badly broken object, the next ones refine it.",
        ),
        io.Combo.Input(
            "fill",
            options=list(FILLS),
            default=PAINT.fill,
            optional=True,
            advanced=True,
            tooltip="What the model starts from under the mask: the original, the colours around it, noise or nothing. "
            "All but the original need a denoise near 1.",
        ),
        io.Float.Input(
            "noise_multiplier",
            default=SAMPLING.noise_multiplier,
            min=0.0,
            max=2.0,
            step=0.01,
            optional=True,
            advanced=True,
            tooltip="Strength of the first noise. A little above 1 brings more detail, a little below is smoother.",
        ),
        io.Boolean.Input(
            "differential",
            default=PAINT.differential,
            optional=True,
            advanced=True,
            tooltip="Differential diffusion: the soft edge of the mask is repainted less than its middle.",
        ),
        io.Boolean.Input(
            "inpaint_model",
            default=PAINT.inpaint_model,
            optional=True,
            advanced=True,
            tooltip="Turn on if the model is an inpainting checkpoint: it is then shown where the hole is.",
        ),
        io.Float.Input(
            "color_match",
            default=PAINT.color_match,
            min=0.0,
            max=1.0,
            step=0.05,
            optional=True,
            advanced=True,
            tooltip="Move the crop's colours to the original's, as measured around the mask. 0 is off, 1 fully.",
        ),
    ]


def track() -> io.Input:
    return io.Boolean.Input(
        "track",
        default=SEEDS.tracked,
        optional=True,
        advanced=True,
        tooltip="For frames of a video: follow each object by place and look and keep its seed from frame to frame.",
    )


def min_frames() -> io.Input:
    return io.Int.Input(
        "min_frames",
        default=SEEDS.min_frames,
        min=1,
        max=10_000,
        optional=True,
        advanced=True,
        tooltip="With track: leave objects alone that are seen in fewer frames, such as false finds. 1: repair all.",
    )


def color_match() -> io.Input:
    (found,) = [item for item in repair() if item.id == "color_match"]
    return found


def keeping() -> list[io.Input]:
    return [
        io.Combo.Input(
            "keep",
            options=list(KEEPS),
            default=KEEP.keep,
            optional=True,
            advanced=True,
            tooltip="if better: each repair is compared with what was there; one that is blurred, moved, of other "
            "colours or harder to recognise is not pasted, and the object stays as it was.",
        ),
        io.Int.Input(
            "retries",
            default=KEEP.retries,
            min=0,
            max=MAX_RETRIES,
            optional=True,
            advanced=True,
            tooltip="With keep if better: how many more seeds an object whose repair is worse gets.",
        ),
    ]


def blending() -> list[io.Input]:
    return [
        io.Combo.Input(
            "blend",
            options=list(BLENDS),
            default=PAINT.blend,
            optional=True,
            advanced=True,
            tooltip="How the repaired object meets its surroundings. alpha: by the mask's soft edge. seamless: a "
            "colour difference around it is faded into the object too, so that a cast or a ramp of light leaves no "
            "rim.",
        ),
        io.Float.Input(
            "grain",
            default=PAINT.grain,
            min=0.0,
            max=1.0,
            step=0.05,
            optional=True,
            advanced=True,
            tooltip="Give the repaired object the grain of its surroundings where it came out smoother. "
            "0 is off, 1 as much as around it.",
        ),
    ]


def by_size() -> io.Input:
    return io.Float.Input(
        "denoise_by_size",
        default=SAMPLING.denoise_by_size,
        min=0.0,
        max=1.0,
        step=0.05,
        optional=True,
        advanced=True,
        tooltip="Repaint small objects more than large ones. 0: all alike. At 1 an object of half the usual size gets "
        "twice the denoise, at 0.5 1.4 times; the usual size is half of what the model was made for.",
    )


def reference() -> io.Input:
    return io.Combo.Input(
        "reference",
        options=list(REFERENCES),
        default=PAINT.reference,
        optional=True,
        advanced=True,
        tooltip="For edit models (Flux Kontext, Flux.2, Qwen-Image-Edit, OmniGen2): what they are given to change. "
        "crop: each object's own crop, beside other references; as wired: the references in the prompts; none: none.",
    )


def continue_on_error() -> io.Input:
    return io.Boolean.Input(
        "continue_on_error",
        default=False,
        optional=True,
        advanced=True,
        tooltip="Go on with the picture as it was where every object fails; the report says why. Off, that is an "
        "error and the run ends.",
    )
