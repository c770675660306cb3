"""ComfyUI has every sampler and scheduler that stands for a hosted service's name."""

import pytest
from afterdetail.api.dialects.a1111 import samplers as a1111
from afterdetail.api.dialects.novita import samplers as novita
from afterdetail.api.dialects.octoai import samplers as octoai

A1111 = {
    (name, schedule): a1111.sampler(name, schedule)
    for name in (*a1111.SAMPLERS, *a1111.OLD_NAMES)
    for schedule in (a1111.AUTOMATIC, *a1111.SCHEDULERS)
}


@pytest.mark.parametrize("samplers", [octoai.SAMPLERS, novita.SAMPLERS, A1111], ids=["octoai", "novita", "a1111"])
def test_comfyui_knows_them(comfy, samplers):
    inputs = comfy.object_info("KSampler")["input"]["required"]
    for sampler in samplers.values():
        assert sampler.sampler_name in options(inputs["sampler_name"])
        assert sampler.scheduler in options(inputs["scheduler"])


def options(combo: list) -> list[str]:
    return combo[1]["options"] if combo[0] == "COMBO" else combo[0]
