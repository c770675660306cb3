"""The main job in a real graph on a real ComfyUI."""

import pytest
import torch
from rig.gate import Gate
from rig.prompts import node
from rig.scenes import psnr
from rig.server import PromptRefused


def untouched(result, image) -> bool:
    """Whether every pixel with alpha 0 has the input's very bits."""
    same = result.image.view(torch.int32) == image.view(torch.int32)
    return bool(same[result.mask == 0].all())


def test_a_face_is_repaired_and_nothing_else_changes(bench, photo):
    done = bench.detail(photo, seed=3)
    assert untouched(done, photo)
    changed = (done.image != photo).any(-1)
    assert float(changed[done.mask > 0.5].float().mean()) > 0.99
    (face,) = done.objects
    assert face["status"] == "inpainted" and face["label"] == "face" and face["seed"] == 3
    x0, y0, x1, y1 = face["box"]
    assert bool((done.mask[0, y0 + 12 : y1 - 12, x0 + 12 : x1 - 12] > 0.999).all())
    assert abs((x0 + x1) / 2 - 226) < 8 and abs((y0 + y1) / 2 - 120) < 8
    assert done.ui["num_objects_detected"] == done.ui["num_objects_inpainted"] == [1]
    assert done.ui["num_removed_for_safety"] == [0]


def test_a_repair_that_is_worse_leaves_the_picture_as_it_was(bench, photo):
    """The nano model paints no faces."""
    done = bench.detail(photo, seed=3, denoise=1.0, keep="if better", retries=2)
    assert torch.equal(done.image, photo) and not done.mask.any()
    (face,) = done.objects
    assert (face["status"], face["tries"]) == ("rejected", 3)
    assert not all(test["passed"] for test in face["judged"].values())
    assert done.ui["num_objects_inpainted"] == [0]


def test_the_same_as_detect_regions_inpaint(bench, photo):
    """The one node and the chain of three are the same code."""
    graph = bench.graph(photo, seed=7)
    links = {name: graph["detail"]["inputs"][name] for name in ("model", "positive", "negative", "vae")}
    chain = graph | {
        "detect": node("AfterDetailDetect", image=["image", 0], detector="face_full_mediapipe"),
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["detect", 0]),
        "inpaint": node("AfterDetailInpaint", image=["image", 0], regions=["regions", 0], **links, seed=7, steps=2),
    }
    tensors, entry = bench.run(
        chain,
        one=["detail", 0],
        three=["inpaint", 0],
        detected=["detect", 1],
        alpha=["regions", 1],
        final=["inpaint", 1],
    )
    assert torch.equal(tensors["one"], tensors["three"])
    assert torch.equal(tensors["alpha"], tensors["final"])
    assert tensors["detected"].shape == photo.shape[:3]
    assert entry["outputs"]["inpaint"]["num_objects_inpainted"] == [1]


def test_nothing_found_gives_the_input_and_loads_no_model(bench, landscape):
    before = len(bench.comfy.log())
    done = bench.detail(landscape)
    assert torch.equal(done.image, landscape) and not done.mask.any()
    assert done.ui["num_objects_detected"] == done.ui["num_objects_inpainted"] == [0]
    assert "Requested to load BaseModel" not in bench.comfy.log()[before:]
    assert "Requested to load LinearVAE" not in bench.comfy.log()[before:]


def test_every_image_of_a_batch(bench, crowd):
    """Four faces, none, and one: each image gets what it gets alone."""
    blank = torch.full_like(crowd, 0.5)
    single = crowd.clone()
    single[:, :, 256:] = 0.5
    batch = torch.cat([crowd, blank, single])
    done = bench.detail(batch)
    assert done.ui["num_objects_detected"] == done.ui["num_objects_inpainted"] == [4, 0, 1]
    assert untouched(done, batch) and not done.mask[1].any()
    assert len({item["seed"] for item in done.objects}) == 5
    alone = bench.detail(crowd)
    assert psnr(done.image[:1], alone.image) > 50


def test_alpha_is_kept(bench, photo):
    alpha = torch.rand(1, 512, 512, 1)
    rgba = torch.cat([photo, alpha], -1)
    done = bench.detail(rgba)
    assert done.image.shape == rgba.shape and torch.equal(done.image[..., 3:], alpha)
    assert untouched(done, rgba) and done.ui["num_objects_inpainted"] == [1]
    assert psnr(done.image[..., :3], bench.detail(photo).image) > 60


@pytest.mark.parametrize("checkpoint", ["nano-sdxl.ckpt", "tiny-sd15.ckpt"])
def test_other_models(bench, photo, checkpoint):
    done = bench.detail(photo, checkpoint)
    (face,) = done.objects
    assert face["sampled_at"] == ([1024, 1024] if "sdxl" in checkpoint else [512, 512])
    assert face["status"] == "inpainted" and untouched(done, photo)


@pytest.mark.parametrize("resolution", ["auto", "square", "off", "768x512", "512x768"])
def test_resolutions(bench, photo, resolution):
    done = bench.detail(photo, resolution=resolution)
    (face,) = done.objects
    width, height = face["sampled_at"]
    assert width % 8 == height % 8 == 0 and untouched(done, photo)
    if "x" in resolution:
        assert f"{width}x{height}" == resolution


def test_union_is_one_inpaint(bench, crowd):
    done = bench.detail(crowd, union_masks=True)
    assert done.ui["num_objects_inpainted"] == [4]
    assert len({tuple(item["window"]) for item in done.objects}) == 1 and untouched(done, crowd)


def test_small_faces_are_found_by_scanning(bench, photo):
    picture = torch.full((1, 1536, 1536, 3), 0.5)
    picture[:, 900:1156, 1100:1356] = photo[:, ::2, ::2]  # a face of 50 px
    bench.comfy.free()  # or ComfyUI may tell of the models of other tests
    before = len(bench.comfy.log())
    found = {scan: bench.detail(picture, scan=scan) for scan in ("off", "auto")}
    assert [found[scan].ui["num_objects_inpainted"] for scan in ("off", "auto")] == [[0], [1]]
    assert untouched(found["auto"], picture)
    assert "memory leak" not in bench.comfy.log()[before:]


def test_max_num_detections_keeps_the_most_confident(bench, crowd):
    everything, two = bench.detail(crowd), bench.detail(crowd, max_num_detections=2)
    scores = sorted((item["score"] for item in everything.objects), reverse=True)
    assert [item["score"] for item in two.objects if item["status"] == "inpainted"] == scores[:2]
    assert [item["reason"] for item in two.objects[2:]] == ["beyond max_num_detections 2"] * (len(scores) - 2)
    assert two.ui["num_objects_detected"] == [len(scores)] and two.ui["num_objects_inpainted"] == [2]


def test_progress_says_which_object_and_step(bench, crowd):
    """As data for the panel, and as a sentence for any other client."""
    lines: list[str] = []
    steps: list[dict] = []

    def note(event):
        if event.type == "text":
            lines.append(event.data["text"])
        elif event.type == "afterdetail.progress":
            steps.append({key: value for key, value in event.data.items() if key != "prompt_id"})

    bench.run_detail(bench.graph(crowd, batch_size=3, steps=2), on_progress=note)
    several = {"node": "detail", "label": "face", "first": 1, "last": 3, "count": 4, "steps": 2}
    alone = {**several, "first": 4, "last": 4}
    assert steps == [{**which, "step": step} for which in (several, alone) for step in (1, 2)]
    assert lines == [f"face {which} of 4, step {step}/2" for which in ("1 to 3", "4") for step in (1, 2)]


def test_an_identical_prompt_is_answered_from_the_cache(bench, photo):
    graph = bench.graph(photo)
    first = bench.run_detail(graph)
    second = bench.run_detail(graph)
    assert torch.equal(first.image, second.image)
    cached = [data["nodes"] for kind, data in second.entry["status"]["messages"] if kind == "execution_cached"]
    assert "detail" in cached[0] and second.ui == first.ui


def test_a_run_with_a_failure_is_not_answered_from_the_cache(bench, crowd):
    """The text encoder of another family, asked for the first object: queueing again tries again."""
    graph = bench.graph(crowd, clip=["xl", 1], object_prompts="a face", resolution="off")
    graph |= {"xl": node("CheckpointLoaderSimple", ckpt_name="nano-sdxl.ckpt")}
    for _ in range(2):
        done = bench.run_detail(graph)
        assert sorted(item["status"] for item in done.objects) == ["failed", *["inpainted"] * 3]
        cached = [data["nodes"] for kind, data in done.entry["status"]["messages"] if kind == "execution_cached"]
        assert "detail" not in cached[0]
        assert any("1 of" in note or "failed" in note for note in done.ui["notes"])


def test_where_every_object_fails_for_one_reason_it_is_an_error(bench, crowd):
    graph = bench.graph(crowd, resolution="off") | {
        "xl": node("CheckpointLoaderSimple", ckpt_name="nano-sdxl.ckpt"),
        "other": node("CLIPTextEncode", clip=["xl", 1], text="a face"),
    }
    graph["detail"]["inputs"]["positive"] = ["other", 0]
    assert bench.failure(graph, image=["detail", 0]).startswith("All 4 objects failed. ")
    graph["detail"]["inputs"] |= {"continue_on_error": True, "keep": "if better", "retries": 2}
    done = bench.run_detail(graph)
    assert torch.equal(done.image, crowd) and {item["status"] for item in done.objects} == {"failed"}
    assert any(note.startswith("Objects 0-3: failed, The prompts come from the text encoder of SDXL") for note in
               done.ui["notes"])  # fmt: skip


def test_cancel_ends_within_a_step_and_leaves_nothing_behind(bench, crowd, tmp_path):
    """During the second object of four: the step that runs is the last one that has begun."""
    gate = Gate(tmp_path / "calls", passing=15)
    graph = gate.before(bench.graph(crowd, steps=10, cfg=1.0, batch_size=1), "detail")
    prompt_id = bench.comfy.queue(bench.saved(graph, image=["detail", 0]))
    gate.wait()
    bench.comfy.interrupt(prompt_id)
    entry = bench.comfy.wait(prompt_id)
    assert any(kind == "execution_interrupted" for kind, _ in entry["status"]["messages"])
    assert gate.begun == 16
    again = bench.detail(crowd, seed=11)
    assert again.ui["num_objects_inpainted"] == [4] and untouched(again, crowd)


def refusal(bench, graph) -> str:
    with pytest.raises(PromptRefused) as refused:
        bench.comfy.queue(bench.saved(graph, image=["detail", 0]))
    (errors,) = [item["errors"] for item in refused.value.answer["node_errors"].values()]
    return f"{errors[0]['message']}: {errors[0]['details']}"


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"detector": "face_yolov8q"}, "Unknown detector 'face_yolov8q'. Nearest: face_"),
        ({"sampler_name": "eulr"}, "Unknown sampler_name 'eulr'. Nearest: euler"),
        ({"scheduler": "karas"}, "Unknown scheduler 'karas'. Nearest: karras"),
        ({"resolution": "500x500"}, "Unknown resolution '500x500'. Nearest: "),
    ],
)
def test_unknown_names_list_the_nearest(bench, photo, inputs, sentence):
    assert sentence in refusal(bench, bench.graph(photo, **inputs))


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [("mask_padding", -1, "0"), ("mask_blur", -4, "0"), ("denoise", 1.5, "1"), ("steps", 0, "1")],
)
def test_values_out_of_range_are_refused_with_the_limit(bench, photo, name, value, limit):
    said = refusal(bench, bench.graph(photo, **{name: value}))
    assert str(value) in said and f" of {limit}" in said and said.endswith(name), said


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (torch.full((1, 64, 64, 3), torch.nan), "The image holds NaN or Inf values"),
        (torch.zeros(1, 0, 64, 3), "so it has no pixels"),
        (torch.zeros(1, 64, 64, 2), "connect an IMAGE of shape"),
    ],
)
def test_bad_images_are_sentences(bench, image, sentence):
    assert sentence in bench.failure(bench.graph(image), image=["detail", 0])


@pytest.mark.parametrize("size", [1, 2, 7])
def test_tiny_images_pass(bench, size):
    image = torch.linspace(0, 1, size * size * 3).reshape(1, size, size, 3)
    assert torch.equal(bench.detail(image).image, image)


def test_masks_and_images_of_other_sizes_are_sentences(bench, photo, landscape):
    graph = {
        "image": bench.load(photo),
        "other": bench.load(landscape),
        "mask": bench.load(torch.ones(1, 100, 90)),
    }
    detect = node("AfterDetailDetect", image=["image", 0], detector="face_full_mediapipe")
    masked = graph | {"detect": {**detect, "inputs": {**detect["inputs"], "only_inside": ["mask", 1]}}}
    assert "The mask is 90x100 and the image 512x512" in bench.failure(masked, mask=["detect", 1])
    mixed = graph | {
        "detect": detect,
        "regions": node("AfterDetailRegions", image=["other", 0], detections=["detect", 0]),
    }
    assert "512x512, and this is a batch of 1 of 600x400" in bench.failure(mixed, mask=["regions", 1])


def test_the_server_keeps_serving_after_all_that(bench, photo):
    assert bench.detail(photo, seed=99).ui["num_objects_inpainted"] == [1]
