"""The names of OctoAI's samplers, as ComfyUI's samplers and schedulers."""

from __future__ import annotations

from ...graphs import Sampler

DOCUMENTED: dict[str, Sampler] = {
    "PNDM": Sampler("ipndm", "normal", "PNDM starts with Runge-Kutta steps; iPNDM is its improved form without them."),
    "LMS": Sampler("lms", "normal"),
    "KLMS": Sampler("lms", "karras", "K is taken for Karras' noise levels, since LMS without them is listed too."),
    "DDIM": Sampler("ddim", "ddim_uniform"),
    "DDPM": Sampler("ddpm", "normal"),
    "HEUN": Sampler("heun", "normal"),
    "K_HEUN": Sampler("heun", "karras", "As with KLMS."),
    "K_EULER": Sampler("euler", "normal", "K is taken for k-diffusion, since no other Euler is listed."),
    "K_EULER_ANCESTRAL": Sampler("euler_ancestral", "normal", "As with K_EULER."),
    "DPM_SOLVER_MULTISTEP": Sampler("dpmpp_2m", "normal"),
    "DPM_PLUS_PLUS_2M_KARRAS": Sampler("dpmpp_2m", "karras"),
    "DPM_SINGLE": Sampler("dpm_fast", "normal", "The single-step solver; ComfyUI has it as DPM-Solver-fast."),
    "DPM_2": Sampler("dpm_2", "normal"),
    "DPM_2_ANCESTRAL": Sampler("dpm_2_ancestral", "normal"),
    "DPM_PLUS_PLUS_SDE_KARRAS": Sampler("dpmpp_sde", "karras"),
    "UNI_PC": Sampler("uni_pc", "normal"),
    "LCM": Sampler("lcm", "sgm_uniform"),
}

SAMPLERS: dict[str, Sampler] = DOCUMENTED | {
    "DPM_PLUS_PLUS_2M_SDE": Sampler("dpmpp_2m_sde", "normal"),
    "DPM_PLUS_PLUS_2M_SDE_KARRAS": Sampler("dpmpp_2m_sde", "karras"),
    "DPM_2_KARRAS": Sampler("dpm_2", "karras"),
    "DPM_2_ANCESTRAL_KARRAS": Sampler("dpm_2_ancestral", "karras"),
}
"""With names that OctoAI's last clients have besides."""
