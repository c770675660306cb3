"""Training that can be stopped and taken up again at any step, with the same result as without the stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

SAVE_SECONDS = 120
AVERAGED_OVER = 1000  # steps


class Learner:
    """A network on its way: its weights, their running average, and what the optimizer knows."""

    def __init__(self, network: nn.Module, file: Path, steps: int, rate: float):
        self.network, self.file, self.steps, self.rate = network, file, steps, rate
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=rate, betas=(0.9, 0.99), weight_decay=1e-3)
        self.average = AveragedModel(network, multi_avg_fn=towards)
        self.step = 0

    def resume(self) -> None:
        """Take up what `file` holds, if it is there, with the random numbers that come next."""
        if self.file.exists():
            state = torch.load(self.file, map_location="cpu", weights_only=True)
            for name in ("network", "average", "optimizer"):
                getattr(self, name).load_state_dict(state[name])
            self.step = state["step"]
            torch.set_rng_state(state["random"])

    def save(self) -> None:
        """Write the state, whole or not at all."""
        state = {name: getattr(self, name).state_dict() for name in ("network", "average", "optimizer")}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        partial = self.file.with_suffix(".partial")
        torch.save({**state, "step": self.step, "random": torch.get_rng_state()}, partial)
        partial.replace(self.file)

    def run(self, loss_of: Callable[[], torch.Tensor], on_save: Callable[[], None]) -> None:
        """The steps that are left. `loss_of` draws a batch; `on_save` is called whenever the state was written."""
        saved = time.monotonic()
        while self.step < self.steps:
            loss = self._one_step(loss_of)
            if self.step % 50 == 0:
                print(f"step {self.step} of {self.steps}, loss {loss:.4f}", flush=True)
            if self.step == self.steps or time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                on_save()
                saved = time.monotonic()

    def _one_step(self, loss_of: Callable[[], torch.Tensor]) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.step / self.steps, self.rate)
        loss = loss_of()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step += 1
        return loss.item()


def rate_at(share: float, top: float) -> float:
    """A short rise, then half a cosine down to almost nothing."""
    return top * min(1.0, share / 0.02 + 1e-3) * (0.5 + 0.5 * torch.tensor(share * torch.pi).cos().item()) + 1e-6


@torch.no_grad()
def towards(averages: Sequence[torch.Tensor], current: Sequence[torch.Tensor], updates: torch.Tensor | int) -> None:
    """An exponential average that forgets its start."""
    share = max(1 / AVERAGED_OVER, 9 / (10 + int(updates)))
    for average, value in zip(averages, current, strict=True):
        average.lerp_(value, share)
