"""Trains the model further: `make face-model` goes on where the last call stopped.

python -m face_model.train --steps 20000           the UNet, 20,000 steps in all
python -m face_model.train --vae --steps 5000      the VAE first; a UNet knows only the VAE that it was trained with
    --fresh from nothing, else from the committed weights      --device cuda      --float32 on a CPU without bfloat16

Everything lies in the folder `state`: the windows (made first, see windows.py), pairs of latents, what the optimizers
know, and the result, weights.npz. Put that beside this file once `make bench ARGS=quality` likes it better.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rig.make import TRAINED, import_comfy

from . import STATE
from .learner import Learner
from .mending import alphas_cumprod, example
from .pairs import CELL, FILL, encoded_pairs, load_windows, views
from .windows import SIDE, collect

if TYPE_CHECKING:  # it imports ComfyUI, whose device has to be chosen first
    from .networks import Networks

SD15_SCALE = 0.18215  # comfy/latent_formats.py
SPARE_CELLS = 4
"""Pairs are so much larger than what is shown, for a random place in them."""
FIRST = (40, 280)
"""Timesteps at which a repair may start: denoise 0.04 to 0.28."""
AT_A_TIME = 8


@dataclass(frozen=True)
class Plan:
    """How much is done, and on what."""

    steps: int
    batch: int = 32
    cells: int = 48
    pairs: int = 2400
    rate: float = 4e-4
    seed: int = 1
    device: str = "cpu"
    float32: bool = False
    fresh: bool = False

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=not self.float32)


def train_unet(plan: Plan, folder: Path) -> None:
    """From pairs of latents, which are made of `folder`'s windows once."""
    networks = networks_of(plan, folder)
    pairs = pairs_of(plan, folder, networks).to(plan.device)
    alphas = alphas_cumprod().to(plan.device)
    learner = Learner(networks.unet, folder / "unet.pt", plan.steps, plan.rate)

    def loss_of() -> torch.Tensor:
        shown = example(pairs, alphas, plan.batch, plan.cells, FIRST)
        with plan.autocast():
            predicted = networks.predict(shown.noisy, shown.timesteps)
        return (predicted.float() - shown.wanted).square().mean()

    learner.resume()
    learner.run(loss_of, lambda: networks.save(folder / "weights.npz", unet=learner.average.module))


def train_vae(plan: Plan, folder: Path) -> None:
    """From face windows, two thirds of a batch, and whole pictures; ends with the scale that its latents have."""
    networks = networks_of(plan, folder)
    (faces, weights), (whole, _) = (load_windows(folder / part) for part in ("faces", "whole"))
    learner = Learner(networks.vae, folder / "vae.pt", plan.steps, plan.rate)

    def draw() -> torch.Tensor:
        near = faces[torch.multinomial(weights, plan.batch * 2 // 3, replacement=True)].to(plan.device)
        far = whole[torch.randint(len(whole), (plan.batch - len(near),))].to(plan.device)
        closer = (1 / FILL[1] / SIDE / 2, 1 / FILL[0] / SIDE / 2)  # half of what a repair sees
        seen = [(near, closer, 15), (far, (0.4, 0.8), 10)]
        return torch.cat([views(part.float() / 255, plan.cells * CELL, zoom, tilt, 1.0) for part, zoom, tilt in seen])

    def loss_of() -> torch.Tensor:
        pictures = draw()
        with plan.autocast():
            latents = networks.vae.taesd_encoder(pictures)
        latents = latents.float()
        noise = 0.04 * torch.randn_like(latents) * torch.rand(len(latents), 1, 1, 1, device=plan.device)
        with plan.autocast():
            decoded = networks.vae.taesd_decoder(latents + noise)
        return reconstruction_loss(decoded.float() - pictures) + 1e-4 * off_standard(latents)

    def finish() -> None:
        average: Any = learner.average.module
        with torch.no_grad():
            average.vae_scale.fill_(average.taesd_encoder(draw()).std() * SD15_SCALE)
        networks.save(folder / "weights.npz", vae=average)

    learner.resume()
    learner.run(loss_of, finish)


def reconstruction_loss(difference: torch.Tensor) -> torch.Tensor:
    """Of colours and, so that edges stay sharp, of their slopes."""
    slopes = (difference.diff(dim=-1), difference.diff(dim=-2))
    return difference.square().mean() + 0.5 * sum(slope.square().mean() for slope in slopes)


def off_standard(latents: torch.Tensor) -> torch.Tensor:
    """How far the channels are from mean 0 and mean square 1."""
    return (latents.square().mean((0, 2, 3)) - 1).square().mean() + latents.mean((0, 2, 3)).square().mean()


def networks_of(plan: Plan, folder: Path) -> Networks:
    """From the folder's weights, which a VAE's training has left, or the committed ones, or nothing."""
    import_comfy(on_cpu=plan.device == "cpu")
    from .networks import Networks

    torch.manual_seed(plan.seed)
    own = folder / "weights.npz"
    networks = Networks(own if own.exists() else None if plan.fresh else TRAINED)
    networks.unet.to(plan.device)
    networks.vae.to(plan.device)
    return networks


def pairs_of(plan: Plan, folder: Path, networks: Networks) -> torch.Tensor:
    """[2, N, 4, h, w] in the latent format's scale; encoding takes minutes, so the file is kept."""
    file = folder / "pairs.pt"
    if not file.exists():
        windows, weights = load_windows(folder / "faces")
        windows, weights = windows.to(plan.device), weights.to(plan.device)
        scale = networks.vae.vae_scale.item() / SD15_SCALE
        encode = plan.autocast()(networks.vae.taesd_encoder.forward)
        made = []
        for start in range(0, plan.pairs, AT_A_TIME):
            count = min(AT_A_TIME, plan.pairs - start)
            encoded = encoded_pairs(windows, weights, encode, count, plan.cells + SPARE_CELLS)
            made.append((encoded.float() / scale).half().cpu())
            if start % 400 == 0:
                print(f"pair {start} of {plan.pairs}", flush=True)
        torch.save(torch.cat(made, 1), file)
    return torch.load(file, map_location=plan.device, weights_only=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m face_model.train", description=__doc__)
    parser.add_argument("--vae", action="store_true")
    parser.add_argument("--steps", type=int, required=True)
    for name in ("batch", "cells", "pairs", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Plan, name))
    parser.add_argument("--rate", type=float, default=Plan.rate)
    parser.add_argument("--device", default=Plan.device)
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    options = vars(parser.parse_args())
    is_vae = options.pop("vae")
    if not (STATE / "sheet.png").exists():
        collect(STATE)
    (train_vae if is_vae else train_unet)(Plan(**options), STATE)


if __name__ == "__main__":
    main()
