"""The models that objects are repainted with, and what else of ComfyUI's own is wired to them."""

from __future__ import annotations

from comfy_api.latest import io

from ..sockets import SafetySocket
from .painting import SAMPLING


def model() -> list[io.Input]:
    return [
        io.Model.Input("model", tooltip="The diffusion model that repaints the objects."),
        io.Conditioning.Input("positive", tooltip="What the objects should look like."),
        io.Conditioning.Input("negative", tooltip="What they should not look like."),
        io.Vae.Input("vae", tooltip="The VAE that belongs to the model."),
    ]


def refiner() -> list[io.Input]:
    return [
        io.Model.Input("refiner_model", optional=True, tooltip="A model for the last steps, such as the SDXL refiner."),
        io.Conditioning.Input("refiner_positive", optional=True, tooltip="The prompt, encoded for the refiner."),
        io.Conditioning.Input("refiner_negative", optional=True, tooltip="The negative prompt, for the refiner."),
        io.Float.Input(
            "high_noise_frac",
            default=SAMPLING.high_noise_frac,
            min=0.0,
            max=1.0,
            step=0.01,
            optional=True,
            advanced=True,
            tooltip="The share of the steps that the model does before the refiner takes over. 1: no refiner.",
        ),
    ]


def custom_sampling() -> list[io.Input]:
    """What ComfyUI's nodes for custom sampling make."""
    return [
        io.Sampler.Input("sampler", optional=True, tooltip="A sampler with settings of its own, for sampler_name."),
        io.Sigmas.Input(
            "sigmas",
            optional=True,
            tooltip="A schedule of its own, for steps, scheduler and denoise. Each further pass takes its last half.",
        ),
    ]


def guider() -> io.Input:
    return io.Guider.Input(
        "guider",
        optional=True,
        tooltip="How prompts guide, such as Dual CFG Guider. Its model, prompts and cfg are used, cut to each object.",
    )


def safety() -> io.Input:
    return SafetySocket.Input(
        "safety",
        optional=True,
        tooltip="From Safety Check: a repaired object that it removes keeps its original pixels.",
    )
