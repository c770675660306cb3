"""LoRAs in object_prompts, on a real model with real files."""

import pytest
import torch
from afterdetail.detailer.detail import detail
from afterdetail.detailer.object_prompts import ObjectPrompts
from afterdetail.detailer.seeds import Seeds
from rig import nano
from rig.checkpoints.random_tensors import RandomTensors
from rig.models.lora import lora_state_dict
from rig.nano import counting
from rig.scenes import cell, grid_image, grid_objects, grid_regions, psnr
from safetensors.torch import save_file


def lora(seed: int) -> dict[str, torch.Tensor]:
    return {name: tensor.contiguous() for name, tensor in lora_state_dict(RandomTensors(seed, torch.float32)).items()}


@pytest.fixture
def loras(tmp_path, monkeypatch, sd15):
    """Two LoRAs for the nano model, one of them in a subfolder, and one for another family."""
    import folder_paths

    (tmp_path / "people").mkdir()
    save_file(lora(1), tmp_path / "people" / "Old_Man.safetensors")
    save_file(lora(2), tmp_path / "freckles-v2.safetensors")
    other = {name: torch.cat([tensor, tensor]) for name, tensor in lora(3).items() if tensor.ndim}
    save_file(other, tmp_path / "for-sdxl.safetensors")
    monkeypatch.setitem(folder_paths.folder_names_and_paths, "loras", ([str(tmp_path)], {".safetensors"}))
    folder_paths.filename_list_cache.pop("loras", None)
    yield tmp_path
    folder_paths.filename_list_cache.pop("loras", None)


@pytest.fixture
def repaired(inpainter, sd15):
    """Repairs a row of objects under some object_prompts and gives the image."""

    def run(text="", count=4, models=sd15, clip=sd15.clip, **options):
        regions = grid_regions(grid_objects(count))
        prompts = ObjectPrompts.of(regions.detections, text, common="a face")
        done = detail(grid_image(count), regions, inpainter(models, clip=clip, prompts=prompts, **options), Seeds(9))
        assert done.report.counts("inpainted") == [count]
        return done.image

    return run


TWO = "[PROMPT] <lora:old_man:0.8>\n\n[PROMPT] <lora:freckles-v2:0.6>\n[PROMPT] <lora:people/Old_Man.safetensors:0.8>"


def test_each_patch_equals_its_solo_run_and_others_that_without(loras, repaired):
    together, plain = repaired(TWO), repaired()
    assert psnr(cell(together, 1), cell(plain, 1)) > 50
    for number, line in enumerate(TWO.split("\n")):
        alone = repaired("\n" * number + line)
        assert psnr(cell(together, number), cell(alone, number)) > 50
        if line:
            assert psnr(cell(together, number), cell(plain, number)) < 40
    assert psnr(repaired(), plain) > 50, "the model is left as it was"


def test_it_is_what_comfyuis_loader_makes_of_the_model(loras, repaired, sd15):
    import comfy.sd
    import comfy.utils

    weights = comfy.utils.load_torch_file(str(loras / "people" / "Old_Man.safetensors"))
    model, clip = comfy.sd.load_lora_for_models(sd15.model, sd15.clip, weights, 0.8, 0.8)
    loaded = nano.Nano(model, clip, sd15.vae)
    by_loader = repaired(models=loaded, positive=loaded.prompt("a face"), clip=clip)
    by_line = repaired("[PROMPT] <lora:Old_Man:0.8>\n... ")
    # The common negative of a line was encoded before, without the LoRA's part for the text encoder.
    negative = repaired("[PROMPT] <lora:Old_Man:0.8> --neg blurry\n...")
    assert psnr(negative, by_loader) > 50 and psnr(by_line, repaired()) < 40


def test_objects_with_equal_loras_are_sampled_together_and_each_file_is_loaded_once(loras, repaired, sd15, monkeypatch):
    import comfy.utils

    loaded, calls = [], []
    load = comfy.utils.load_torch_file
    monkeypatch.setattr(comfy.utils, "load_torch_file", lambda path, **more: loaded.append(path) or load(path, **more))
    repaired(TWO, model=counting(sd15.model, calls), steps=1)
    assert sorted(path.rsplit("/", 1)[-1] for path in loaded) == ["Old_Man.safetensors", "freckles-v2.safetensors"]
    assert len(calls) <= 6, "three groups, positive and negative"
    assert max(calls) >= 2


def test_a_lora_works_without_words_and_without_a_clip(loras, repaired):
    plain, worked = repaired(), repaired("<lora:old_man:0.8>", clip=None)
    assert psnr(cell(worked, 0), cell(plain, 0)) < 40 and psnr(cell(worked, 1), cell(plain, 1)) > 50


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("<lora:freckles_v3:1>", "object_prompts: Unknown LoRA 'freckles_v3': use .*freckles-v2.*models/loras"),
        ("<lora:for-sdxl:1>", "The LoRA for-sdxl fits neither the model nor its text encoder"),
    ],
)
def test_a_lora_that_cannot_be_used_is_a_sentence(loras, repaired, line, sentence):
    with pytest.raises(ValueError, match=sentence):
        repaired(line)
