"""The engine's nodes in real graphs: crops, other models, frames, safety, cancel."""

import random
from pathlib import Path

import pytest
import torch
from rig import prompts
from rig.prompts import node
from rig.scenes import psnr
from safetensors.torch import save_file

REGIONS = {"mask_dilation": 4, "mask_blur": 4, "mask_padding": 32}


def regions_graph(bench, image, **inputs):
    """Nodes `image`, `detect` and `regions`."""
    return {
        "image": bench.load(image),
        "detect": node("AfterDetailDetect", image=["image", 0], detector="face_full_mediapipe"),
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["detect", 0], **{**REGIONS, **inputs}),
    }


def test_crops_through_other_nodes_and_back(bench, crowd):
    graph = regions_graph(bench, crowd, base_model="sd15") | {
        "crop": node("AfterDetailCrop", image=["image", 0], regions=["regions", 0]),
        "other": node("ImageInvert", image=["crop", 0]),
        "paste": node("AfterDetailPaste", image=["image", 0], regions=["crop", 2], crops=["other", 0]),
    }
    tensors, _ = bench.run(graph, crops=["crop", 0], alphas=["crop", 1], image=["paste", 0], mask=["paste", 1])
    assert tensors["crops"].shape == (4, 512, 512, 3) and tensors["alphas"].shape == (4, 512, 512)
    inside, outside = tensors["mask"] > 0.999, tensors["mask"] == 0
    assert torch.equal(tensors["image"][outside], crowd[outside])
    assert float((tensors["image"] - (1 - crowd))[inside].abs().mean()) < 0.02


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_crops_that_come_back_in_another_size_are_resized(bench, photo, scale):
    graph = regions_graph(bench, photo) | {
        "crop": node("AfterDetailCrop", image=["image", 0], regions=["regions", 0]),
        "other": node("ImageScaleBy", image=["crop", 0], upscale_method="bicubic", scale_by=scale),
        "paste": node("AfterDetailPaste", image=["image", 0], regions=["crop", 2], crops=["other", 0]),
    }
    tensors, _ = bench.run(graph, image=["paste", 0])
    assert psnr(tensors["image"], photo) > 38


def test_crops_in_another_number_are_refused(bench, crowd):
    graph = regions_graph(bench, crowd) | {
        "crop": node("AfterDetailCrop", image=["image", 0], regions=["regions", 0]),
        "some": node("ImageFromBatch", image=["crop", 0], batch_index=0, length=3),
        "paste": node("AfterDetailPaste", image=["image", 0], regions=["crop", 2], crops=["some", 0]),
    }
    assert "There are 3 crops for 4 regions" in bench.failure(graph, image=["paste", 0])


def test_crops_one_by_one_through_a_video_model_and_back(bench, crowd):
    """Its VAE takes a batch for the frames of one clip; the list goes through one by one, and back as a batch."""
    two = crowd[:, :, :512]  # this VAE takes seconds for each
    graph = regions_graph(bench, two, resolution="square", base_model="sd15") | {
        "vae": node("VAELoader", vae_name="tiny-wan-vae.pt"),
        "crop": node("AfterDetailCrop", image=["image", 0], regions=["regions", 0]),
        "latent": node("VAEEncode", pixels=["crop", 0], vae=["vae", 0]),
        "other": node("VAEDecode", samples=["latent", 0], vae=["vae", 0]),
        "paste": node("AfterDetailPaste", image=["image", 0], regions=["crop", 2], crops=["other", 0]),
    }
    said = bench.failure(graph, image=["paste", 0])
    assert "There are 1 crops for 2 regions" in said and "give it the crop list" in said
    graph["latent"]["inputs"]["pixels"] = ["crop", 3]
    graph["batch"] = node("RebatchImages", images=["other", 0], batch_size=4096)
    graph["paste"]["inputs"]["crops"] = ["batch", 0]
    tensors, _ = bench.run(graph, image=["paste", 0], mask=["paste", 1], batch=["batch", 0])
    assert tensors["batch"].shape == (2, 512, 512, 3)
    assert torch.equal(tensors["image"][tensors["mask"] == 0], two[tensors["mask"] == 0])
    assert psnr(tensors["image"], two) > 25


def test_without_a_region_the_graph_goes_on(bench, landscape):
    graph = regions_graph(bench, landscape) | {
        "crop": node("AfterDetailCrop", image=["image", 0], regions=["regions", 0]),
        "paste": node("AfterDetailPaste", image=["image", 0], regions=["crop", 2], crops=["crop", 0]),
    }
    tensors, _ = bench.run(graph, image=["paste", 0], mask=["paste", 1])
    assert torch.equal(tensors["image"], landscape) and not tensors["mask"].any()


def test_upscale_samples_objects_for_the_larger_image(bench, photo):
    done = bench.detail(photo, upscale=2.0)
    (face,) = done.objects
    assert done.image.shape == (1, 1024, 1024, 3) and done.mask.shape == (1, 1024, 1024)
    x0, _, x1, _ = face["box"]
    assert 190 < x1 - x0 < 220 and face["status"] == "inpainted"
    small = torch.nn.functional.interpolate(done.image.movedim(-1, 1), (512, 512), mode="area").movedim(1, -1)
    outside = torch.nn.functional.max_pool2d(done.mask[None], 2)[0] == 0
    assert psnr(small[outside], photo[outside]) > 35


def test_an_upscaled_image_may_be_wired_in(bench, photo):
    """The rest of the result can come from an upscale model instead of the resize."""
    graph = regions_graph(bench, photo, upscale=2.0) | prompts.checkpoint("nano-sd15.ckpt")
    larger = torch.rand(1, 1024, 1024, 3)
    graph |= {
        "larger": bench.load(larger),
        "detail": node(
            "AfterDetailInpaint",
            image=["larger", 0],
            regions=["regions", 0],
            model=["model", 0],
            positive=["positive", 0],
            negative=["negative", 0],
            vae=["model", 2],
            steps=2,
        ),
    }
    done = bench.run_detail(graph)
    assert torch.equal(done.image[done.mask == 0], larger[done.mask == 0]) and done.ui["num_objects_inpainted"] == [1]


def test_a_dit_with_sixteen_latent_channels(bench, photo):
    done = bench.detail(photo, "tiny-sd3.ckpt", resolution="off", cfg=4.0)
    assert done.ui["num_objects_inpainted"] == [1]
    assert torch.equal(done.image[done.mask == 0], photo[done.mask == 0])
    assert float((done.image != photo).any(-1)[done.mask > 0.5].float().mean()) > 0.9


def test_a_flow_model_hands_over_exactly(bench, photo):
    """A rectified flow scales its latents with the noise; refined by itself, nothing changes."""
    graph = bench.graph(photo, "tiny-sd3.ckpt", resolution="off", cfg=4.0, steps=4, high_noise_frac=0.5)
    plain = bench.run_detail(graph)
    graph["detail"]["inputs"] |= {
        "refiner_model": ["model", 0],
        "refiner_positive": ["positive", 0],
        "refiner_negative": ["negative", 0],
    }
    assert psnr(bench.run_detail(graph).image, plain.image) > 50


def test_a_model_with_video_latents(bench, crowd):
    """A 5-D latent and a VAE that takes a batch for frames: every crop goes through by itself."""
    graph = bench.graph(crowd, resolution="off", cfg=4.0)
    for name in ("model", "positive", "negative"):
        del graph[name]
    graph |= prompts.wan()
    graph["detail"]["inputs"]["vae"] = ["vae", 0]
    done = bench.run_detail(graph)
    assert done.ui["num_objects_inpainted"] == [4]
    assert torch.equal(done.image[done.mask == 0], crowd[done.mask == 0])


def test_a_controlnet_hint_is_cut_to_each_face(bench, crowd):
    """Changing the hint under one face changes that face alone; without cutting it would reach all of them."""

    def run(hint):
        graph = bench.graph(crowd, cfg=4.0, denoise=0.8) | {
            "hint": bench.load(hint),
            "net": node("ControlNetLoader", control_net_name="nano-sd15-controlnet.safetensors"),
            "applied": node(
                "ControlNetApplyAdvanced",
                positive=["positive", 0],
                negative=["negative", 0],
                control_net=["net", 0],
                image=["hint", 0],
                strength=1.0,
                start_percent=0.0,
                end_percent=1.0,
            ),
        }
        graph["detail"]["inputs"] |= {"positive": ["applied", 0], "negative": ["applied", 1]}
        return bench.run_detail(graph)

    hint = torch.rand(crowd.shape)
    changed = hint.clone()
    changed[:, :, :256] = 1 - changed[:, :, :256]
    first, second = run(hint), run(changed)
    assert first.ui["num_objects_inpainted"] == [4]
    assert psnr(first.image[:, :, :200], second.image[:, :, :200]) < 50
    assert psnr(first.image[:, :, 320:], second.image[:, :, 320:]) > 60


def test_the_sdxl_refiner_in_a_graph(bench, photo):
    graph = bench.graph(photo, "nano-sdxl.ckpt", resolution="512x512", steps=4, high_noise_frac=0.5)
    graph |= {
        "refiner": node("CheckpointLoaderSimple", ckpt_name="nano-refiner.ckpt"),
        "good": node(
            "CLIPTextEncodeSDXLRefiner", clip=["refiner", 1], ascore=6.0, width=512, height=512, text="a face"
        ),
        "bad": node("CLIPTextEncodeSDXLRefiner", clip=["refiner", 1], ascore=2.5, width=512, height=512, text="blurry"),
    }
    without = bench.run_detail(graph)
    graph["detail"]["inputs"] |= {
        "refiner_model": ["refiner", 0],
        "refiner_positive": ["good", 0],
        "refiner_negative": ["bad", 0],
    }
    refined = bench.run_detail(graph)
    assert refined.objects[0]["status"] == "inpainted", refined.objects[0]["reason"]
    assert psnr(refined.image, without.image) < 60
    assert torch.equal(refined.image[refined.mask == 0], photo[refined.mask == 0])


def test_a_hundred_frames(bench, photo):
    """A face that moves: one result per frame, one track, one seed, and memory for a picture, not for a film."""
    face = photo[:, 40:232, 130:322]
    frames = torch.full((100, 256, 384, 3), 0.5)
    for t in range(100):
        frames[t, 32:224, t : t + 192] = face
    before = resident_mb(bench)
    done = bench.detail(frames, resolution="off", steps=1, denoise=0.9, track=True, mask_padding=8)
    assert done.image.shape == frames.shape and torch.equal(done.image[done.mask == 0], frames[done.mask == 0])
    assert done.ui["num_objects_inpainted"] == done.ui["num_objects_detected"]
    assert sum(done.ui["num_objects_inpainted"]) >= 95
    assert len({item["track"] for item in done.objects}) == 1 and len({item["seed"] for item in done.objects}) == 1
    film_mb = frames.numel() * 4 / 2**20
    assert resident_mb(bench) - before < 8 * film_mb  # in, out, mask, and the probes' own copies
    brief = bench.detail(frames[:3], resolution="off", steps=1, denoise=0.9, track=True, min_frames=4)
    assert torch.equal(brief.image, frames[:3]) and len(brief.objects) == 3
    assert {item["reason"] for item in brief.objects} == {"seen in 3 frames only, fewer than min_frames"}


def resident_mb(bench) -> float:
    pages = Path(f"/proc/{bench.comfy.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096 / 2**20


def test_safety_removes_objects_and_images(bench, photo, comfy):
    """Concepts made from the very pictures: what is painted is removed from a low threshold on, kept at a high one."""
    folder = comfy.base / "models" / "safety_concepts"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"concepts": torch.randn(1, 768)}, folder / "random.safetensors")

    def run(threshold):
        graph = bench.graph(photo) | {
            "vision": node("CLIPVisionLoader", clip_name="clip-vit-l.pt"),
            "safety": node(
                "AfterDetailSafety",
                image=["image", 0],
                clip_vision=["vision", 0],
                threshold=threshold,
                concepts="random.safetensors",
            ),
        }
        graph["detail"]["inputs"]["safety"] = ["safety", 3]
        tensors, entry = bench.run(graph, image=["detail", 0], checked=["safety", 0], mask=["safety", 1])
        return tensors, entry["outputs"]["detail"]

    tensors, ui = run(-1.0)
    assert ui["num_removed_for_safety"] == [1] and ui["num_objects_inpainted"] == [0]
    assert torch.equal(tensors["image"], photo)
    assert not tensors["checked"].any() and bool((tensors["mask"] == 1).all())
    tensors, ui = run(1.0)
    assert ui["num_removed_for_safety"] == [0] and ui["num_objects_inpainted"] == [1]
    assert torch.equal(tensors["checked"], photo) and not tensors["mask"].any()


def test_random_settings_leave_the_rest_alone(bench, crowd):
    """Whatever is chosen, a pixel with alpha 0 has the input's bits."""
    chance = random.Random(4)
    for _ in range(12):
        chosen = {
            "mask_dilation": chance.randint(-6, 40),
            "mask_blur": chance.randint(0, 20),
            "mask_padding": chance.randint(0, 64),
            "union_masks": chance.random() < 0.2,
            "invert": chance.random() < 0.1,
            "x_offset": chance.randint(-20, 20),
            "resolution": chance.choice(["off", "384x704", "448x576"]),
            "sampler_name": chance.choice(["euler", "dpmpp_2m", "euler_ancestral"]),
            "denoise": chance.choice([0.3, 0.6, 1.0]),
            "fill": chance.choice(["original", "fill", "latent noise", "latent nothing"]),
            "color_match": chance.choice([0.0, 0.7]),
            "differential": chance.random() < 0.3,
            "batch_size": chance.choice([0, 1, 3]),
            "seed": chance.randint(0, 2**64 - 1),
        }
        done = bench.detail(crowd, **chosen, steps=1)
        same = done.image.view(torch.int32) == crowd.view(torch.int32)
        assert bool(same[done.mask == 0].all()), chosen
        assert done.ui["num_objects_inpainted"] == [4], (chosen, done.objects)


def test_cancelled_fifty_times(bench, crowd):
    """At a random step each time; ComfyUI then answers the next prompt, and memory returns to where it was."""
    chance = random.Random(8)
    comfy = bench.comfy
    small = {"resolution": "off", "batch_size": 1}
    expected = bench.detail(crowd, **small, steps=2, seed=1).image
    sizes = []
    for count in range(50):
        graph = bench.saved(bench.graph(crowd, **small, steps=2000, seed=1000 + count), image=["detail", 0])
        seen, stop_at = [], chance.randint(1, 8)

        def watch(event, seen=seen, stop_at=stop_at):
            if event.type == "text":
                seen.append(event)
                if len(seen) == stop_at:
                    comfy.interrupt()

        entry = comfy.wait(comfy.queue(graph), on_progress=watch)
        assert entry["status"]["status_str"] != "success"
        sizes.append(resident_mb(bench))
    again = bench.detail(crowd, **small, steps=2, seed=1)
    assert psnr(again.image, expected) > 60
    assert max(sizes[-10:]) < max(sizes[:10]) + 50


def test_each_model_is_loaded_once_per_run(bench, crowd):
    """Four objects one by one, through encoding, sampling and decoding."""
    bench.comfy.free()
    before = len(bench.comfy.log())
    assert bench.detail(crowd, batch_size=1, steps=1, seed=4321).ui["num_objects_inpainted"] == [4]
    log = bench.comfy.log()[before:]
    assert [log.count(f"Requested to load {name}\n") for name in ("LinearVAE", "BaseModel")] == [1, 1]
