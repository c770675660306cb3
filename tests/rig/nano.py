"""The nano models in this process, for tests and benchmarks that look inside a run."""

from __future__ import annotations

import gc
from functools import cache
from typing import Any, NamedTuple

from . import checkpoints
from .make import MODELS_CACHE, import_comfy


class Nano(NamedTuple):
    """A loaded checkpoint: ComfyUI's MODEL, CLIP and VAE."""

    model: Any
    clip: Any
    vae: Any

    def prompt(self, text: str) -> list[list[Any]]:
        """`text` as a conditioning."""
        return [
            [tensor, options] for tensor, options in self.clip.encode_from_tokens_scheduled(self.clip.tokenize(text))
        ]


@cache
def load(kind: str = "nano-sd15", on_cpu: bool = True) -> Nano:
    """The checkpoint `kind`, kept; the first call decides whether ComfyUI runs on the CPU in this process."""
    return opened(kind, on_cpu)


def opened(kind: str = "nano-sd15", on_cpu: bool = True) -> Nano:
    """The checkpoint `kind`, anew."""
    file_format = "ckpt" if on_cpu else "safetensors"
    path = checkpoints.ensure(kind, MODELS_CACHE / "checkpoints", file_format)
    import_comfy(on_cpu)
    import comfy.sd

    from . import nano_models  # noqa: F401  registers the nano configurations

    model, clip, vae, _ = comfy.sd.load_checkpoint_guess_config(str(path))
    return Nano(model, clip, vae)


def unload() -> None:
    """Let go of all models while ComfyUI is still whole: at the end of the interpreter its clean-up fails, loudly."""
    import comfy.model_management

    load.cache_clear()
    comfy.model_management.unload_all_models()
    gc.collect()


def counting(model: Any, calls: list[int]) -> Any:
    """A clone that notes the batch of every call of the network."""

    def note(apply_model, arguments):
        calls.append(len(arguments["input"]))
        return apply_model(arguments["input"], arguments["timestep"], **arguments["c"])

    clone = model.clone()
    clone.set_model_unet_function_wrapper(note)
    return clone
