"""What people wire in place of names and numbers: a SAMPLER, SIGMAS, a GUIDER."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import comfy.samplers
import torch

from ..conditioning import Conditioning


@dataclass(frozen=True, eq=False)
class Custom:
    """Each None where nothing is wired."""

    sampler: Any = None
    sigmas: torch.Tensor | None = None
    """[steps + 1], falling."""
    guider: Any = None

    def __post_init__(self) -> None:
        if self.sigmas is not None and len(self.sigmas) < 2:
            raise ValueError("sigmas holds no step: connect a schedule of at least one, or none.")

    @property
    def prompts(self) -> dict[str, Conditioning]:
        """The conditionings that the guider has, by its names for them; none without a guider."""
        wired = self.guider.original_conds if self.guider is not None else {}
        return {name: [_entry(options) for options in prompt] for name, prompt in wired.items()}


def schedule_of_pass(sigmas: torch.Tensor, number: int) -> torch.Tensor:
    """The part of a wired schedule that a pass takes: the first all of it, each further one its last half."""
    steps = max((len(sigmas) - 1) >> number, 1)
    return sigmas[-(steps + 1) :]


def guided(model: Any, prompts: Mapping[str, Conditioning], cfg: float, guider: Any = None) -> Any:
    """A guider for the model and these prompts: of the kind and with the settings of `guider`, or else by `cfg`."""
    if guider is None:
        made = comfy.samplers.CFGGuider(model)
        made.set_cfg(cfg)
    else:
        made = copy.copy(guider)
        made.model_patcher, made.model_options, made.original_conds = model, model.model_options, {}
    made.inner_set_conds(prompts)
    return made


def _entry(options: Mapping[str, Any]) -> list[Any]:
    """An entry of a conditioning, of what a guider keeps of it."""
    rest = {key: value for key, value in options.items() if key not in ("cross_attn", "uuid", "model_conds")}
    return [options.get("cross_attn"), rest]
