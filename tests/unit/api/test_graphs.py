"""Each field of a request ends where it belongs in the graph. Graphs are of the shipped workflows' nodes."""

from __future__ import annotations

import json

import pytest
from afterdetail.api.graphs import (
    Assets,
    Checking,
    Control,
    Detailing,
    Generation,
    Inpainting,
    ObjectRange,
    Pass,
    Sampler,
    Sampling,
    Subject,
    Words,
    detail,
    generate,
    inpaint,
    repair,
    with_embeddings,
    with_subject,
)
from afterdetail.api.graphs.builder import Built
from afterdetail.detailer.box import Size
from rig.workflows import shipped

SAMPLING = Sampling(20, 7.5, Sampler("euler", "normal"))
WORDS = Words("a face", "blurry")
ASSETS = Assets("some.safetensors")
WIDGETS = {"base_model": "sd15", "detector": "face_full_mediapipe", "denoise": 0.5, "seed": 1}
DETAILING = Detailing("in.png", WIDGETS | SAMPLING.inputs())


def only(built: Built, class_type: str, title: str = "") -> dict:
    """The inputs of the one node of this class."""
    (found,) = all_of(built, class_type, title)
    return found


def all_of(built: Built, class_type: str, title: str = "") -> list[dict]:
    nodes = built.graph.values()
    return [node["inputs"] for node in nodes if node["class_type"] == class_type and title in node["_meta"]["title"]]


def behind(built: Built, link: list) -> dict:
    return built.graph[link[0]]


def make(**fields) -> Built:
    base = {"base_model": "sdxl", "size": Size(1024, 1024), "seeds": (1,), "sampling": SAMPLING}
    return generate(ASSETS, WORDS, Generation(**(base | fields)), None)


@pytest.mark.parametrize(
    ("stem", "built", "class_types"),
    [
        ("detail-faces-sd15", detail(ASSETS, WORDS, DETAILING, None), ["AfterDetail"]),
        (
            "inpaint-mask",
            inpaint(Assets("a", clip_skip=2), WORDS, ("a", "b"), Inpainting(SAMPLING, 0.8, 1), 2, None),
            ["AfterDetailFromMask", "AfterDetailRegions", "AfterDetailInpaint", "LoadImageMask", "CLIPSetLastLayer"],
        ),
        ("generate-and-detail-sdxl", make(refiner="r"), ["CLIPTextEncodeSDXL", "KSamplerAdvanced", "EmptyLatentImage"]),
        ("image-to-image", make(image="i"), ["ImageScale", "VAEEncode", "KSampler", "VAEDecode"]),
        ("outpaint", make(image="i", mask="m", outpainting=True), ["AfterDetailInpaint", "AfterDetailRegions"]),
        (
            "controlnet-canny-sdxl",
            make(control=Control("c", "i", 1.0, 1.0, True)),
            ["Canny", "ControlNetLoader", "ControlNetApplyAdvanced"],
        ),
        (
            "photo-merge",
            make(subject=Subject("p", ("a", "b"))),
            ["PhotoMakerLoader", "PhotoMakerEncode", "ConditioningAverage"],
        ),
    ],
)
def test_the_nodes_are_those_of_the_shipped_workflow(stem, built, class_types):
    workflow = {node["class_type"]: node["inputs"] for node in shipped(stem).values()}
    for class_type in class_types:
        for inputs in all_of(built, class_type):
            assert inputs.keys() <= workflow[class_type].keys()
    json.dumps(built.graph)


def test_every_picture_of_a_subject_counts_the_same():
    built = make(subject=Subject("p", ("a", "b", "c")))
    link, rest, share = only(built, "KSampler")["positive"], 1.0, {}
    while (mean := behind(built, link))["class_type"] == "ConditioningAverage":
        kept = mean["inputs"]["conditioning_to_strength"]
        share[image_of(built, mean["inputs"]["conditioning_from"])] = rest * (1 - kept)
        link, rest = mean["inputs"]["conditioning_to"], rest * kept
    share[image_of(built, link)] = rest
    assert share == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})


def image_of(built: Built, encoded: list) -> str:
    return behind(built, behind(built, encoded)["inputs"]["image"])["inputs"]["image"]


def test_every_link_leads_to_an_earlier_node():
    built = make(
        refiner="r", image="i", mask="m", outpainting=True, seeds=(1, 2), control=Control("c", "i", 1, 1, False)
    )
    for key, node in built.graph.items():
        for value in node["inputs"].values():
            if isinstance(value, list):
                assert int(value[0]) < int(key)


def test_loras_vae_and_clip_skip_stand_between_loader_and_use():
    assets = Assets("c", (("one", 0.7), ("two", -0.3)), "v", clip_skip=2)
    built = detail(assets, WORDS, DETAILING, None)
    node = only(built, "AfterDetail")
    fits = behind(built, node["model"])
    second = behind(built, fits["inputs"]["patched_model"])
    assert (fits["class_type"], fits["inputs"]["file"]) == ("AfterDetailServiceLora", "two")
    assert (second["class_type"], second["inputs"]["lora_name"]) == ("LoraLoader", "two")
    assert second["inputs"]["strength_model"] == second["inputs"]["strength_clip"] == -0.3
    first = behind(built, second["inputs"]["model"])
    assert behind(built, first["inputs"]["patched_model"])["inputs"]["lora_name"] == "one"
    assert behind(built, behind(built, node["vae"])["inputs"]["vae"])["inputs"] == {"vae_name": "v"}
    skip = behind(built, only(built, "CLIPTextEncode", "What to")["clip"])
    assert skip["inputs"]["stop_at_clip_layer"] == -2 and behind(built, skip["inputs"]["clip"]) is fits


def test_a_style_wraps_both_prompts():
    built = detail(ASSETS, WORDS._replace(style_preset="anime"), DETAILING, None)
    texts = [inputs["text"] for inputs in all_of(built, "CLIPTextEncode")]
    assert [behind(built, text)["class_type"] for text in texts] == ["AfterDetailStylePreset"] * 2
    assert [text[1] for text in texts] == [0, 1]


def test_the_second_prompts_go_to_the_second_encoder_and_are_the_first_ones_if_left_out():
    built = generate(ASSETS, Words("p", "n", prompt_2="p2"), Generation("sdxl", Size(896, 1152), (1,), SAMPLING), None)
    positive, negative = all_of(built, "CLIPTextEncodeSDXL")
    assert (positive["text_l"], positive["text_g"], negative["text_l"], negative["text_g"]) == ("p", "p2", "n", "n")
    assert (positive["width"], positive["target_height"]) == (896, 1152)


@pytest.mark.parametrize(
    ("share", "strength", "stages"),
    [
        (0.8, 1.0, [(0, 16, 20), (16, 10000, 20)]),
        (1.0, 1.0, [(0, 10000, 20)]),
        (0.0, 1.0, [(0, 10000, 20)]),
        (0.5, 0.5, [(20, 30, 40), (30, 10000, 40)]),
    ],
)
def test_the_refiner_takes_its_share_of_the_steps(share, strength, stages):
    built = make(refiner="r", high_noise_frac=share, strength=strength, image="i" if strength < 1 else None)
    found = all_of(built, "KSamplerAdvanced")
    assert [(item["start_at_step"], item["end_at_step"], item["steps"]) for item in found] == stages
    assert found[0]["add_noise"] == "enable" and found[-1]["return_with_leftover_noise"] == "disable"
    first_model = behind(built, found[0]["model"])["inputs"]["ckpt_name"]
    assert first_model == ("r" if share == 0 else "some.safetensors")


def test_each_picture_has_its_own_seed():
    assert [item["seed"] for item in all_of(make(seeds=(5, 9)), "KSampler")] == [5, 9]


def test_a_picture_that_is_kept_needs_no_model():
    built = make(image="i", mask="m", strength=0, seeds=(1, 2))
    assert {node["class_type"] for node in built.graph.values()} == {
        "LoadImage",
        "ImageScale",
        "BatchImagesNode",
        "AfterDetailServiceResult",
    }


def test_tabs_share_what_they_load_and_their_objects_have_seeds_of_their_own():
    part = ObjectRange(0, 0, ASSETS, WORDS), ObjectRange(1, 9, ASSETS, WORDS)
    passes = [Pass({"detector": "face"}, {"mask_blur": 4}, {"denoise": 0.4}, part)] * 2
    built = repair("in.png", [10, 20], passes, None)
    assert len(all_of(built, "CheckpointLoaderSimple")) == 1 and len(all_of(built, "CLIPTextEncode")) == 2
    painted = all_of(built, "AfterDetailInpaint")
    assert [item["seeds"].split(", ")[:3] for item in painted[:2]] == [["10", "11", "12"], ["11", "11", "12"]]
    assert [item["pick"] for item in all_of(built, "AfterDetailRegions")] == ["0-0", "1-9"] * 4
    assert [item["seed"] for item in painted] == [10] * 4 + [20] * 4


def test_masked_part_or_whole_picture():
    whole, part = make(image="i", mask="m"), make(image="i", mask="m", only_masked=True, padding=17)
    assert (only(whole, "AfterDetailRegions")["resolution"], only(part, "AfterDetailRegions")["resolution"]) == (
        "off",
        "auto",
    )
    assert only(part, "AfterDetailRegions")["mask_padding"] == 17


def test_the_safety_check_guards_objects_and_pictures():
    checking = Checking("vision", "concepts", 0.3)
    guarded = detail(ASSETS, WORDS, DETAILING, checking)
    assert behind(guarded, only(guarded, "AfterDetail")["safety"])["class_type"] == "AfterDetailSafety"
    built = generate(ASSETS, WORDS, Generation("sd15", Size(512, 512), (1, 2), SAMPLING), checking)
    assert behind(built, only(built, "AfterDetailSafety")["image"])["class_type"] == "BatchImagesNode"
    assert built.shown.removed


def test_the_result_of_a_graph_is_of_no_other_graph():
    first, second = make(), make()
    tickets = [only(built, "AfterDetailServiceResult")["ticket"] for built in (first, second)]
    assert tickets == [first.shown.pictures, second.shown.pictures] and tickets[0] != tickets[1]


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        ("a negXL, b", {"negXL": "sub/file"}, "a embedding:sub/file, b"),
        ("negXLs", {"negXL": "file"}, "negXLs"),
        ("a embedding:secret b", {}, "a embedding secret b"),
        ("EMBEDDING:../../x", {}, "embedding ../../x"),
        ("(negXL:1.2)", {"negXL": "file"}, "(embedding:file:1.2)"),
    ],
)
def test_trigger_words_become_files_and_a_client_names_none(text, files, expected):
    assert with_embeddings(text, files) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("photo of sks, smiling", "photo of sks photomaker , smiling"),
        ("sks", "sks photomaker"),
        ("sks and sks", "sks photomaker and sks"),
        ("a photomaker sks", "a person sks photomaker"),
        ("nobody", None),
    ],
)
def test_the_subject_is_marked_where_its_trigger_is(text, expected):
    assert with_subject(text, "sks") == expected
