"""ComfyUI in this process as if the computer had a GPU: its own loader, samplers and VAE code on a pretended device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import torch

from .make import import_comfy
from .pretend_device import pretended

MEMORY = 8 * 2**30
"""Bytes of the pretended device, always free."""


@contextmanager
def comfy_on_device(kind: str = "cuda", gpu_only: bool = False) -> Iterator[torch.device]:
    """As long as it lasts, ComfyUI computes on a pretended device, which it gives, in the precision of the CPU.

    Models have to be loaded meanwhile. With `gpu_only` images and latents stay there between nodes, too.
    """
    import_comfy(on_cpu=True)
    import comfy.model_management as memory
    from comfy.cli_args import args

    def bytes_of(dev=None, torch_free_too=False, torch_total_too=False):
        return (MEMORY, MEMORY) if torch_free_too or torch_total_too else MEMORY

    with (
        pretended(kind) as device,
        mock.patch.multiple(
            memory,
            cpu_state=memory.CPUState.MPS if kind == "mps" else memory.CPUState.GPU,
            FORCE_FP32=True,
            get_torch_device=lambda: device,
            get_free_memory=bytes_of,
            get_total_memory=bytes_of,
            soft_empty_cache=lambda force=False: None,
        ),
        mock.patch.multiple(args, gpu_only=gpu_only, fp32_vae=True),
    ):
        memory.unload_all_models()
        try:
            yield device
        finally:
            memory.unload_all_models()
