"""ComfyUI has every sampler and scheduler that stands for a hosted service's name."""

from afterdetail.detailer.samplers import SAMPLERS


def test_comfyui_knows_them(comfy):
    inputs = comfy.object_info("KSampler")["input"]["required"]
    for sampler in SAMPLERS.values():
        assert sampler.sampler_name in options(inputs["sampler_name"])
        assert sampler.scheduler in options(inputs["scheduler"])


def options(combo: list) -> list[str]:
    return combo[1]["options"] if combo[0] == "COMBO" else combo[0]
