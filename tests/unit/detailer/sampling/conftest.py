from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from rig import nano
from rig.nano import Nano


@pytest.fixture(autouse=True)
def one_thread_without_gradients() -> Iterator[None]:
    """As ComfyUI runs nodes; more threads are slower on tensors this small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def sd15() -> Iterator[Nano]:
    yield nano.load("nano-sd15")
    nano.unload()


@pytest.fixture(scope="session")
def inpainter(sd15: Nano) -> Callable[..., Any]:
    """Makes a ComfyInpainter on the nano model: `inpainter(paint=..., steps=4)`."""
    from afterdetail.detailer.sampling import ComfyInpainter
    from afterdetail.detailer.settings import SampleSettings

    fields = ("paint", "refiner", "clip", "prompts", "on_progress", "custom")

    def make(models: Nano = sd15, model: Any = None, positive: list | None = None, **options: Any) -> ComfyInpainter:
        extra = {name: options.pop(name) for name in fields if name in options}
        settings = SampleSettings(**{"steps": 3, "denoise": 0.7, "cfg": 4.0, **options})
        prompt = models.prompt("a face") if positive is None else positive
        return ComfyInpainter(model or models.model, prompt, models.prompt("blurry"), models.vae, settings, **extra)

    return make
