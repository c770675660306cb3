"""The names of Novita's samplers, which are those of the A1111 web UI, as ComfyUI's samplers and schedulers."""

from __future__ import annotations

from ...graphs import Sampler

SAMPLERS: dict[str, Sampler] = {
    "Euler a": Sampler("euler_ancestral", "normal"),
    "Euler": Sampler("euler", "normal"),
    "LMS": Sampler("lms", "normal"),
    "Heun": Sampler("heun", "normal"),
    "DPM2": Sampler("dpm_2", "normal"),
    "DPM2 a": Sampler("dpm_2_ancestral", "normal"),
    "LMS Karras": Sampler("lms", "karras"),
    "DPM2 Karras": Sampler("dpm_2", "karras"),
    "DPM2 a Karras": Sampler("dpm_2_ancestral", "karras"),
    "DPM++ 2S a": Sampler("dpmpp_2s_ancestral", "normal"),
    "DPM++ 2M": Sampler("dpmpp_2m", "normal"),
    "DPM++ SDE": Sampler("dpmpp_sde", "normal"),
    "DPM fast": Sampler("dpm_fast", "normal"),
    "DPM adaptive": Sampler("dpm_adaptive", "normal", "Takes as many steps as it needs, whatever is asked for."),
    "DPM++ Karras": Sampler("dpmpp_2m", "karras", "Which of the Karras samplers it is was never said."),
    "DPM++ 2S a Karras": Sampler("dpmpp_2s_ancestral", "karras"),
    "DPM++ 2M Karras": Sampler("dpmpp_2m", "karras"),
    "DPM++ SDE Karras": Sampler("dpmpp_sde", "karras"),
    "DDIM": Sampler("ddim", "ddim_uniform"),
    "PLMS": Sampler("ipndm", "normal", "PLMS is the linear multistep part of PNDM."),
    "UniPC": Sampler("uni_pc", "normal"),
}
