"""The sampler names of hosted services, as ComfyUI's samplers and schedulers."""

from __future__ import annotations

from typing import NamedTuple


class Sampler(NamedTuple):
    """ComfyUI's names; `note` says where it is the nearest and not the same."""

    sampler_name: str
    scheduler: str
    note: str = ""


SAMPLERS: dict[str, Sampler] = {
    "PNDM": Sampler("ipndm", "normal", "PNDM starts with Runge-Kutta steps; iPNDM is its improved form without them."),
    "LMS": Sampler("lms", "normal"),
    "KLMS": Sampler("lms", "karras"),
    "DDIM": Sampler("ddim", "ddim_uniform"),
    "DDPM": Sampler("ddpm", "normal"),
    "HEUN": Sampler("heun", "normal"),
    "K_HEUN": Sampler("heun", "karras"),
    "K_EULER": Sampler("euler", "normal"),
    "K_EULER_ANCESTRAL": Sampler("euler_ancestral", "normal"),
    "DPM_SOLVER_MULTISTEP": Sampler("dpmpp_2m", "normal"),
    "DPM_PLUS_PLUS_2M_KARRAS": Sampler("dpmpp_2m", "karras"),
    "DPM_SINGLE": Sampler("dpm_fast", "normal", "The single-step solver; ComfyUI has it as DPM-Solver-fast."),
    "DPM_2": Sampler("dpm_2", "normal"),
    "DPM_2_ANCESTRAL": Sampler("dpm_2_ancestral", "normal"),
    "DPM_PLUS_PLUS_SDE_KARRAS": Sampler("dpmpp_sde", "karras"),
    "UNI_PC": Sampler("uni_pc", "normal"),
    "LCM": Sampler("lcm", "sgm_uniform"),
}

OCTOAI_LATER: dict[str, Sampler] = {
    "DPM_PLUS_PLUS_2M_SDE": Sampler("dpmpp_2m_sde", "normal"),
    "DPM_PLUS_PLUS_2M_SDE_KARRAS": Sampler("dpmpp_2m_sde", "karras"),
    "DPM_2_KARRAS": Sampler("dpm_2", "karras"),
    "DPM_2_ANCESTRAL_KARRAS": Sampler("dpm_2_ancestral", "karras"),
}
"""Names that OctoAI's last clients have besides."""

NOVITA: dict[str, Sampler] = {
    "Euler a": Sampler("euler_ancestral", "normal"),
    "Euler": Sampler("euler", "normal"),
    "LMS": Sampler("lms", "normal"),
    "Heun": Sampler("heun", "normal"),
    "DPM2": Sampler("dpm_2", "normal"),
    "DPM2 a": Sampler("dpm_2_ancestral", "normal"),
    "DPM2 Karras": Sampler("dpm_2", "karras"),
    "DPM2 a Karras": Sampler("dpm_2_ancestral", "karras"),
    "DPM++ 2S a": Sampler("dpmpp_2s_ancestral", "normal"),
    "DPM++ 2M": Sampler("dpmpp_2m", "normal"),
    "DPM++ SDE": Sampler("dpmpp_sde", "normal"),
    "DPM++ Karras": Sampler("dpmpp_2m", "karras", "Which of the Karras samplers it is was never said."),
    "DPM++ 2S a Karras": Sampler("dpmpp_2s_ancestral", "karras"),
    "DPM++ 2M Karras": Sampler("dpmpp_2m", "karras"),
    "DPM++ SDE Karras": Sampler("dpmpp_sde", "karras"),
    "DDIM": Sampler("ddim", "ddim_uniform"),
    "PLMS": Sampler("ipndm", "normal", "PLMS is the linear multistep part of PNDM."),
    "UniPC": Sampler("uni_pc", "normal"),
}
"""Novita's names, which are those of the A1111 web UI."""
