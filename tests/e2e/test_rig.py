import json
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from rig import prompts
from rig.server import ComfyServer, Event, PromptFailed, PromptRefused, ServerFailed
from rig.waiting import until


def pixels(comfy: ComfyServer, prompt: prompts.Graph) -> np.ndarray:
    (image,) = comfy.images(comfy.run(prompt))
    return np.asarray(image, np.float32)


@pytest.mark.parametrize("kind", ["nano-sd15", "nano-sdxl"])
def test_nano_checkpoint_makes_a_picture_that_depends_on_seed_and_prompt(comfy, kind):
    name = f"{kind}.ckpt"
    picture = pixels(comfy, prompts.txt2img(name))
    assert picture.shape == (256, 256, 3)
    assert 1 < picture.std() < 120
    assert np.abs(picture - pixels(comfy, prompts.txt2img(name, seed=1))).mean() > 1
    assert np.abs(picture - pixels(comfy, prompts.txt2img(name, positive="a hand"))).mean() > 0.1


@pytest.mark.parametrize("kind", ["tiny-sd15", "tiny-sdxl", "nano-refiner"])
def test_checkpoint_is_sampled_and_decoded(comfy, kind):
    assert 1 < pixels(comfy, prompts.txt2img(f"{kind}.ckpt", size=128)).std() < 120


@pytest.mark.parametrize("kind", ["nano-sd15", "tiny-sdxl"])
def test_decoding_an_encoded_picture_gives_it_back(comfy, kind):
    picture = np.asarray(Image.radial_gradient("L").resize((256, 256)).convert("RGB"), np.float32)
    name = comfy.upload(Image.fromarray(picture.astype(np.uint8)), "gradient.png")
    prompt = prompts.img2img(f"{kind}.ckpt", name)
    prompt["decode"]["inputs"]["samples"] = ["encode", 0]
    squared_error = np.square(pixels(comfy, prompt) - picture)[16:-16, 16:-16].mean()
    assert squared_error < 255**2 / 10**2.5  # 25 dB


def test_sampling_keeps_the_picture_recognisable(comfy):
    picture = Image.radial_gradient("L").resize((256, 256)).convert("RGB")
    sampled = pixels(comfy, prompts.img2img("nano-sd15.ckpt", comfy.upload(picture, "gradient.png")))
    assert np.corrcoef(sampled.ravel(), np.asarray(picture).ravel())[0, 1] > 0.8


def test_progress_messages_arrive_while_a_prompt_runs(comfy):
    seen: list[Event] = []
    comfy.run(prompts.txt2img("nano-sd15.ckpt", steps=7, seed=time.time_ns()), on_progress=seen.append)
    steps = [(event.data["value"], event.data["max"]) for event in seen if event.type == "progress"]
    assert steps[-1] == (7, 7)
    assert "progress_state" in {event.type for event in seen}
    assert seen[-1].type == "executing"


def test_a_refused_prompt_tells_which_input(comfy):
    prompt = prompts.txt2img("no-such.ckpt")
    with pytest.raises(PromptRefused) as refused:
        comfy.queue(prompt)
    assert "model" in refused.value.answer["node_errors"]


def test_a_failing_prompt_tells_which_node_and_why(comfy):
    buffer = BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    name = comfy.upload(buffer.getvalue()[:40], "broken.png")
    prompt = {"load": prompts.node("LoadImage", image=name), "show": prompts.node("PreviewImage", images=["load", 0])}
    with pytest.raises(PromptFailed, match="LoadImage") as failed:
        comfy.run(prompt)
    assert failed.value.reason["node_id"] == "load"


def test_a_running_prompt_can_be_interrupted(comfy):
    prompt_id = comfy.queue(prompts.txt2img("nano-sd15.ckpt", steps=10000, seed=time.time_ns()))
    until(lambda: any(event.type == "progress" for event in comfy.events(prompt_id)), "sampling")
    comfy.interrupt(prompt_id)
    entry = comfy.wait(prompt_id)
    assert entry["status"]["messages"][-1][0] == "execution_interrupted"


def test_object_info_of_one_node_is_that_of_all(comfy):
    assert comfy.object_info("KSampler") == comfy.object_info()["KSampler"]
    assert json.dumps(comfy.object_info("KSampler"))


def test_a_server_that_was_killed_says_so_and_starts_again():
    with ComfyServer(pack=False) as server:
        server.kill()
        with pytest.raises(ServerFailed, match="exit code -9"):
            server.object_info("KSampler")
        server.restart()
        assert "KSampler" in server.object_info("KSampler")["name"]


def test_a_server_that_does_not_start_says_why():
    with pytest.raises(ServerFailed, match="--no-such-option"), ComfyServer(arguments=("--no-such-option",)):
        pass
