"""A VAE that takes a few milliseconds: convolutions only, in the place where ComfyUI builds TAESD."""

import comfy.ops
import comfy.sd
import comfy.taesd.taesd
import torch

operations = comfy.ops.disable_weight_init
TAESD_WIDTH = 64
KEY = "taesd_decoder.1.weight"  # by which ComfyUI detects TAESD


class LinearVAE(torch.nn.Module):
    """Pixels (B, 3, 8 h, 8 w) in -1..1 to latents (B, 4, h, w) and back."""

    def __init__(self):
        super().__init__()
        self.taesd_encoder = torch.nn.Sequential(
            operations.Conv2d(3, 16, 8, stride=8, bias=False), operations.Conv2d(16, 4, 3, padding=1)
        )
        self.taesd_decoder = torch.nn.Sequential(
            torch.nn.Identity(),
            *(conv(4, 24), torch.nn.Upsample(scale_factor=2)),
            *(conv(24, 16), torch.nn.Upsample(scale_factor=2)),
            *(conv(16, 12), torch.nn.Upsample(scale_factor=2)),
            *(conv(12, 8), conv(8, 3, bias=True)),
        )
        self.vae_scale = torch.nn.Parameter(torch.tensor(1.0))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.taesd_encoder(x) / self.vae_scale

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.taesd_decoder(z * self.vae_scale)


def conv(inputs: int, outputs: int, bias: bool = False) -> torch.nn.Module:
    return operations.Conv2d(inputs, outputs, 3, padding=1, bias=bias)


def register_linear_vae() -> None:
    """Let comfy.sd.VAE build LinearVAE for a state dict of its widths; there is no registry of VAEs to add it to."""
    original_init = comfy.sd.VAE.__init__
    original_taesd = comfy.taesd.taesd.TAESD

    def init(self, sd=None, *args, **kwargs):
        if sd is not None and KEY in sd and sd[KEY].shape[0] != TAESD_WIDTH:
            comfy.taesd.taesd.TAESD = lambda latent_channels: LinearVAE()
        try:
            original_init(self, sd, *args, **kwargs)
        finally:
            comfy.taesd.taesd.TAESD = original_taesd

    comfy.sd.VAE.__init__ = init
