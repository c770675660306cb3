"""Every shipped workflow runs on a stock ComfyUI with this pack, and does what it is there for."""

import copy
import json
import re
from itertools import combinations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from references.pictures import TEMPLATES, template
from rig.comfyui import ROOT
from rig.prompts import Graph
from rig.workflows import FOLDER, SMALL, STEMS, changed, shipped, small, where
from safetensors.torch import load_file
from skimage import data

PHOTO = data.astronaut()
NAMED = (
    "detail-faces-sd15 detail-faces-sdxl detail-faces-flux detail-faces-z-image detail-faces-qwen-edit "
    "detail-faces-upright detail-hands-sd15 detail-hands-pose-sd15 detail-hands-pose-sdxl "
    "detail-union detail-per-object-prompts detail-two-pass "
    "detail-refiner-sdxl crop-any-model-paste generate-and-detail-sdxl image-to-image inpaint-mask outpaint "
    "controlnet-canny-sdxl controlnet-depth-sdxl lora-embedding-vae photo-merge detail-frames impact-pack-bridge "
    "fix-what-i-paint"
)


def uploaded(comfy, picture: np.ndarray, name: str) -> str:
    return comfy.upload(Image.fromarray(picture), name)


@pytest.fixture(scope="module")
def photo_file(comfy) -> str:
    return uploaded(comfy, PHOTO, "people.png")


@pytest.fixture(scope="module")
def two_faces(comfy) -> str:
    head = PHOTO[:256, 64:320]
    return uploaded(comfy, np.concatenate([head, head[:, ::-1]], 1), "two.png")


def results(comfy, graph: Graph) -> list[np.ndarray]:
    """The saved pictures."""
    entry = comfy.run(graph)
    return [np.asarray(picture, dtype=np.int16) for picture in comfy.images(entry, where(graph, "SaveImage"))]


def result(comfy, graph: Graph) -> np.ndarray:
    (picture,) = results(comfy, graph)
    return picture


def differ(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a != b).any())


def objects(comfy, graph: Graph, class_type: str = "AfterDetail") -> list[dict]:
    report = comfy.run(graph)["outputs"][where(graph, class_type)]["report"][0]
    return [item for image in json.loads(report)["images"] for item in image["objects"]]


def test_all_workflows_are_there_and_explained():
    assert sorted(NAMED.split()) == STEMS == sorted(path.stem for path in FOLDER.glob("*.json"))
    readme = (ROOT / "workflows" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### (\S+)$", readme, re.M)) == set(STEMS)
    for stem in STEMS:
        assert all(item["_meta"]["title"] for item in shipped(stem).values()), stem


@pytest.mark.parametrize("stem", ["detail-faces-sd15", "detail-faces-sdxl", "impact-pack-bridge"])
def test_the_face_is_repaired_and_the_corner_is_not(comfy, photo_file, stem):
    picture = result(comfy, small(stem, image=photo_file))
    assert differ(picture[80:160, 190:260], PHOTO[80:160, 190:260])
    assert not differ(picture[300:], PHOTO[300:])


@pytest.fixture
def edited(comfy, two_faces, tmp_path):
    """Runs a workflow of a large family on a tiny model; its objects, and each call of the model."""

    def run(stem: str, **inputs) -> tuple[list[dict], list[dict[str, torch.Tensor]]]:
        graph = small(stem, image=two_faces, record=str(tmp_path / stem))
        graph = changed(graph, "AfterDetail", steps=1, **inputs)
        found = objects(comfy, graph)
        assert [item["status"] for item in found] == ["inpainted"] * 2, found
        return found, [load_file(path) for path in sorted((tmp_path / stem).iterdir())]

    return run


def test_flux_kontext_is_given_each_face(edited):
    """One call for both: each face is its own reference, and the guidance is FluxGuidance's."""
    _, (call,) = edited("detail-faces-flux", denoise=1.0)
    assert call["x"].shape == call["ref_latents.0"].shape == (2, 16, 64, 64)
    assert set(call["guidance"].tolist()) == {2.5}
    faces = call["ref_latents.0"]
    assert float((faces[0] - faces[1]).abs().mean()) > 0.1 and faces.isfinite().all()


def test_z_image_is_given_no_reference(edited):
    _, (call,) = edited("detail-faces-z-image", denoise=1.0)
    assert call["x"].shape == (2, 16, 64, 64) and "ref_latents.0" not in call


def test_qwen_edit_is_given_each_face_as_latent_and_with_the_text(edited):
    """Prompt and negative prompt; only the prompt's tokens hold the face, which are other ones for each face."""
    _, calls = edited("detail-faces-qwen-edit", denoise=1.0)
    faces = torch.cat([call["ref_latents.0"] for call in calls])
    assert faces.shape[1:] == (16, 1, 64, 64) and faces.unique(dim=0).shape[0] == 2
    lengths = [call["c_crossattn"].shape[1] for call in calls]
    assert max(lengths) > min(lengths) + 300, "512 x 512 pixels are 18 x 18 tokens"
    seen = torch.cat([call["c_crossattn"] for call in calls if call["c_crossattn"].shape[1] == max(lengths)])
    assert len(seen) == 2 and not torch.equal(seen[0], seen[1])


def test_union_is_one_window(comfy, two_faces):
    union = small("detail-union", image=two_faces)
    apart = changed(union, "AfterDetail", union_masks=False)
    assert len({tuple(item["window"]) for item in objects(comfy, union)}) == 1
    assert len({tuple(item["window"]) for item in objects(comfy, apart)}) == 2


def test_each_object_follows_its_own_line(comfy, two_faces):
    """Another prompt for the second face changes the right half only."""
    graph = small("detail-per-object-prompts", image=two_faces)
    first, second = graph[where(graph, "AfterDetailInpaint")]["inputs"]["object_prompts"].splitlines()
    other = changed(graph, "AfterDetailInpaint", object_prompts=f"{first}\na green lizard")
    one, two = result(comfy, graph), result(comfy, other)
    assert second and differ(one[:, 256:], two[:, 256:]) and not differ(one[:, :256], two[:, :256])


def test_two_passes_are_not_one(comfy, photo_file):
    graph = small("detail-two-pass", image=photo_file)
    assert differ(result(comfy, graph), result(comfy, changed(graph, "AfterDetail", passes=1)))


def test_hands_are_repaired_and_faces_are_not(comfy, photo_file):
    hands = objects(
        comfy, small("detail-hands-sd15", image=uploaded(comfy, template(TEMPLATES["open_hands"]), "hands.png"))
    )
    assert {item["label"] for item in hands} == {"left hand", "right hand"}
    graph = small("detail-hands-sd15", image=photo_file)
    assert not differ(result(comfy, graph), PHOTO)
    assert differ(result(comfy, changed(graph, "AfterDetail", detector="face_full_mediapipe")), PHOTO)


@pytest.mark.parametrize("stem", ["detail-hands-pose-sd15", "detail-hands-pose-sdxl"])
def test_hands_are_repaired_by_their_joints(comfy, stem):
    """The ControlNet is shown the joints and changes the hands by them, and the face and the rest stay."""
    hands = template(TEMPLATES["open_hands"])
    graph = small(stem, image=uploaded(comfy, hands, "hands.png"))
    graph = changed(graph, "AfterDetailRegions", resolution="512x512")
    entry = comfy.run(graph)
    (hint,) = comfy.images(entry, where(graph, "AfterDetailHints"))
    (picture,) = comfy.images(entry, where(graph, "SaveImage"))
    joints = (np.asarray(hint) == (0, 0, 255)).all(-1)
    assert joints[150:240, 40:110].any() and joints[150:240, 305:375].any() and not joints[:, 150:280].any()
    free = result(comfy, changed(graph, "ControlNetApplyAdvanced", strength=0.0))
    steered = np.asarray(picture, np.int16)
    for box in (np.s_[165:220, 50:90], np.s_[165:220, 320:360]):
        assert differ(steered[box], free[box]) and differ(steered[box], hands[box])
    assert not differ(steered[:, 150:280], hands[:, 150:280])


def test_a_refiner_share_of_one_is_no_refiner(comfy, photo_file):
    graph = changed(small("detail-refiner-sdxl", image=photo_file), "AfterDetail", base_model="sd15")  # smaller windows
    refined = result(comfy, changed(graph, "AfterDetail", high_noise_frac=0.5))
    whole = changed(graph, "AfterDetail", high_noise_frac=1.0)
    without = copy.deepcopy(whole)
    detail = without[where(whole, "AfterDetail")]
    detail["inputs"] = {name: value for name, value in detail["inputs"].items() if "refiner" not in name}
    assert not differ(result(comfy, whole), result(comfy, without))
    assert differ(refined, result(comfy, whole))


def test_other_nodes_may_stand_between_crop_and_paste(comfy, photo_file):
    graph = small("crop-any-model-paste", image=photo_file)
    picture = result(comfy, graph)
    assert differ(picture[80:160, 190:260], PHOTO[80:160, 190:260]) and not differ(picture[300:], PHOTO[300:])
    unchanged = result(comfy, changed(graph, "AfterDetailPaste", crops=[where(graph, "AfterDetailCrop"), 0]))
    assert abs(unchanged - PHOTO).mean() < abs(picture - PHOTO).mean() / 4


def test_generating_follows_style_count_and_refiner_share(comfy):
    graph = small("generate-and-detail-sdxl")
    graph = changed(graph, "EmptyLatentImage", batch_size=2)
    half = changed(graph, "PrimitiveFloat", value=0.5)
    pictures = results(comfy, half)
    assert len(pictures) == 2 and differ(*pictures)
    assert differ(
        pictures[0], results(comfy, changed(half, "AfterDetailStylePreset", "style", style_preset="anime"))[0]
    )
    whole = changed(graph, "PrimitiveFloat", value=1.0)
    decoded_at_once = changed(whole, "VAEDecode", samples=[where(whole, "KSamplerAdvanced", "Base"), 0])
    assert not differ(results(comfy, whole)[0], results(comfy, decoded_at_once)[0])
    assert differ(pictures[0], results(comfy, whole)[0])


def test_both_prompts_both_negatives_and_weights_count(comfy):
    graph = small("generate-and-detail-sdxl")
    encoder = graph[where(graph, "CLIPTextEncodeSDXL", "Prompts")]["inputs"]  # prompt_2 is for the larger CLIP
    assert encoder["text_l"][0] == where(graph, "AfterDetailStylePreset", "prompt and")
    assert encoder["text_g"][0] == where(graph, "AfterDetailStylePreset", "prompt_2")
    picture = result(comfy, graph)
    for title in ("prompt and", "prompt_2"):
        for text in ("prompt", "negative_prompt"):
            assert differ(
                picture, result(comfy, changed(graph, "AfterDetailStylePreset", title, **{text: "a red fox"}))
            )
    prompt = graph[where(graph, "AfterDetailStylePreset", "style")]["inputs"]["prompt"]
    assert ":1.1)" in prompt
    heavier = prompt.replace(":1.1)", ":1.5)")
    assert differ(picture, result(comfy, changed(graph, "AfterDetailStylePreset", "style", prompt=heavier)))


def test_the_size_is_set_in_one_place(comfy):
    graph = changed(small("generate-and-detail-sdxl"), "PrimitiveInt", "Width", value=192)
    assert result(comfy, graph).shape == (SMALL, 192, 3)
    for item in graph.values():
        if "width" in item["inputs"]:
            assert item["inputs"]["width"] == [where(graph, "PrimitiveInt", "Width"), 0]


def test_image_to_image_goes_further_with_more_denoise(comfy, photo_file):
    graph = small("image-to-image", image=photo_file)
    near, far, same = (result(comfy, changed(graph, "KSampler", denoise=share)) for share in (0.2, 1.0, 0.0))
    assert abs(near - same).mean() < abs(far - same).mean()


def test_an_inverted_mask_swaps_the_changed_area(comfy, photo_file):
    mask = Image.new("RGB", (512, 512))
    ImageDraw.Draw(mask).rectangle((160, 160, 319, 319), "white")
    graph = small("inpaint-mask", image=photo_file, mask=comfy.upload(mask, "mask.png"))
    inside, outside = np.s_[170:310, 170:310], np.s_[340:]
    painted, inverted = (result(comfy, changed(graph, "AfterDetailRegions", invert=swap)) for swap in (False, True))
    assert differ(painted[inside], PHOTO[inside]) and not differ(painted[outside], PHOTO[outside])
    assert not differ(inverted[inside], PHOTO[inside]) and differ(inverted[outside], PHOTO[outside])


def test_outpainting_keeps_the_old_part_and_continues_its_colours(comfy, photo_file):
    picture = result(comfy, small("outpaint", image=photo_file))
    assert picture.shape == (512, 768, 3)
    assert not differ(picture[:, 128:640], PHOTO)
    dark, bright = abs(PHOTO[:, 0].astype(float).mean(-1) - 128) > 60, picture[:, 120].astype(float).mean(-1)
    assert np.corrcoef(bright[dark], PHOTO[:, 0].astype(float).mean(-1)[dark])[0, 1] > 0.3


def test_edges_of_a_flat_picture_are_none_and_those_of_a_photo_steer(comfy, photo_file):
    flat = uploaded(comfy, np.full((128, 128, 3), 128, np.uint8), "flat.png")
    pictures = {}
    for name in (flat, photo_file):
        graph = small("controlnet-canny-sdxl", image=name)
        entry = comfy.run(graph)
        (edges,) = comfy.images(entry, where(graph, "PreviewImage"))
        (picture,) = comfy.images(entry, where(graph, "SaveImage"))
        pictures[name] = np.asarray(edges), np.asarray(picture)
    assert not pictures[flat][0].any() and pictures[photo_file][0].any()
    assert differ(pictures[flat][1], pictures[photo_file][1])


def test_the_measured_depth_steers(comfy, photo_file):
    coffee = uploaded(comfy, data.coffee()[:400, :400], "cup.png")
    steered, of_another, free = (
        result(comfy, changed(small("controlnet-depth-sdxl", image=name), "ControlNetApplyAdvanced", strength=strength))
        for name, strength in ((photo_file, 0.6), (coffee, 0.6), (photo_file, 0.0))
    )
    assert differ(steered, of_another) and differ(steered, free)


def test_a_lora_at_zero_is_none_and_the_embedding_and_the_vae_count(comfy):
    graph = changed(small("lora-embedding-vae"), "EmptyLatentImage", width=64, height=64)  # a VAE of real size is slow
    loader = where(graph, "LoraLoader")
    zero = changed(graph, "LoraLoader", strength_model=0.0, strength_clip=0.0)
    without = json.loads(json.dumps(graph).replace(f'["{loader}"', '["1"'))
    del without[loader]
    assert not differ(result(comfy, zero), result(comfy, without))
    assert differ(result(comfy, graph), result(comfy, zero))
    assert differ(result(comfy, graph), result(comfy, changed(graph, "CLIPTextEncode", "Negative", text=", blurry")))
    assert differ(result(comfy, graph), result(comfy, changed(graph, "VAEDecode", vae=["1", 2])))


def test_each_of_four_pictures_of_the_subject_counts(comfy, photo_file):
    graph = small("photo-merge", image=photo_file)
    other = uploaded(comfy, data.coffee(), "coffee.png")
    picture = result(comfy, graph)
    changes = [
        result(comfy, changed(graph, "LoadImage", title, image=other))
        for title in ("A picture", "A second", "A third", "A fourth")
    ]
    change = min(abs(one - picture).mean() for one in changes)
    assert all(abs(one - another).mean() < change / 4 for one, another in combinations(changes, 2))  # and equally
    first = [where(graph, "PhotoMakerEncode", "first"), 0]
    alone = changed(changed(graph, "KSampler", positive=first), "AfterDetail", positive=first)
    assert abs(result(comfy, alone) - picture).mean() < change / 4


def test_only_the_trigger_word_brings_the_subject_in(comfy, photo_file):
    graph = changed(small("photo-merge", image=photo_file), "PrimitiveStringMultiline", value="photograph of a woman")
    other = small("photo-merge", image=uploaded(comfy, data.coffee(), "coffee.png"))
    other = changed(other, "PrimitiveStringMultiline", value="photograph of a woman")
    assert not differ(result(comfy, graph), result(comfy, other))


def test_a_face_keeps_its_seed_through_all_frames(comfy, tmp_path):
    av = pytest.importorskip("av")
    path = comfy.base / "input" / "frames.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 512, 512, "yuv420p"
        for shift in (0, 4):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.roll(PHOTO, shift, 1)), format="rgb24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    graph = small("detail-frames", file=path.name)
    tracked = objects(comfy, graph)
    assert len(tracked) == 2 and len({item["seed"] for item in tracked}) == 1
    assert len({item["seed"] for item in objects(comfy, changed(graph, "AfterDetail", track=False))}) == 2
