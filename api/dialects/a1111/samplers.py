"""The web UI's samplers and schedules, as ComfyUI's."""

from __future__ import annotations

from ...graphs import Sampler

SAMPLERS: dict[str, Sampler] = {
    "DPM++ 2M": Sampler("dpmpp_2m", "karras"),
    "DPM++ SDE": Sampler("dpmpp_sde", "karras"),
    "DPM++ 2M SDE": Sampler("dpmpp_2m_sde", "exponential"),
    "DPM++ 2M SDE Heun": Sampler("dpmpp_2m_sde_heun", "exponential"),
    "DPM++ 2S a": Sampler("dpmpp_2s_ancestral", "karras"),
    "DPM++ 3M SDE": Sampler("dpmpp_3m_sde", "exponential"),
    "Euler a": Sampler("euler_ancestral", "normal"),
    "Euler": Sampler("euler", "normal"),
    "LMS": Sampler("lms", "normal"),
    "Heun": Sampler("heun", "normal"),
    "DPM2": Sampler("dpm_2", "karras"),
    "DPM2 a": Sampler("dpm_2_ancestral", "karras"),
    "DPM fast": Sampler("dpm_fast", "normal"),
    "DPM adaptive": Sampler("dpm_adaptive", "normal"),
    "LCM": Sampler("lcm", "sgm_uniform"),
    "DDIM": Sampler("ddim", "ddim_uniform"),
    "PLMS": Sampler("ipndm", "normal"),
    "UniPC": Sampler("uni_pc", "normal"),
}
"""With the schedule that "Automatic" means for each."""

SCHEDULERS: dict[str, str] = {
    "Uniform": "normal",
    "Karras": "karras",
    "Exponential": "exponential",
    "SGM Uniform": "sgm_uniform",
    "KL Optimal": "kl_optimal",
    "Simple": "simple",
    "Normal": "normal",
    "DDIM": "ddim_uniform",
    "Beta": "beta",
}
AUTOMATIC, SAME_SCHEDULER = "Automatic", "Use same scheduler"

OLD_NAMES = {f"{name} {schedule}": (name, schedule) for name in SAMPLERS for schedule in ("Karras", "Exponential")}
"""As clients wrote them when the schedule was a part of the name."""

_UNSAID = {AUTOMATIC.casefold(), SAME_SCHEDULER.casefold()}


def sampler(name: str, schedule: str) -> Sampler:
    """KeyError for names that are not in the tables; capitals don't count.

    A schedule that says nothing, AUTOMATIC or SAME_SCHEDULER, is the sampler's own.
    """
    by_name = {known.casefold(): known for known in (*SAMPLERS, *OLD_NAMES)}
    name, old_schedule = OLD_NAMES.get(known := by_name[name.casefold()], (known, AUTOMATIC))
    schedule = old_schedule if schedule.casefold() in _UNSAID else schedule
    if schedule == AUTOMATIC:
        return SAMPLERS[name]
    by_schedule = {known.casefold(): known for known in SCHEDULERS}
    return SAMPLERS[name]._replace(scheduler=SCHEDULERS[by_schedule[schedule.casefold()]])
