"""Each small model is read and used by ComfyUI's own nodes."""

import numpy as np
import pytest
from PIL import Image
from rig import prompts
from rig.prompts import Graph, node
from rig.server import ComfyServer


@pytest.fixture(scope="module")
def gradient(comfy: ComfyServer) -> str:
    return comfy.upload(Image.radial_gradient("L").resize((128, 128)).convert("RGB"), "gradient.png")


def pixels(comfy: ComfyServer, prompt: Graph) -> np.ndarray:
    return np.stack([np.asarray(image, np.float32) for image in comfy.images(comfy.run(prompt), "preview")])


def psnr(picture: np.ndarray, other: np.ndarray) -> float:
    """In decibels, of 8-bit pictures, without their borders."""
    return 10 * np.log10(255**2 / np.square(picture - other)[..., 16:-16, 16:-16, :].mean())


def original(size: int = 128) -> np.ndarray:
    return np.asarray(Image.radial_gradient("L").resize((size, size)).convert("RGB"), np.float32)


def wan_img2img(image: str) -> Graph:
    prompt = prompts.wan() | {
        "image": node("LoadImage", image=image),
        "encode": node("VAEEncode", pixels=["image", 0], vae=["vae", 0]),
        **prompts.sample("encode", denoise=0.5),
    }
    prompt["decode"]["inputs"]["vae"] = ["vae", 0]
    return prompt


def test_sd3_samples_sixteen_channels(comfy, gradient):
    assert np.isfinite(pixels(comfy, prompts.txt2img("tiny-sd3.ckpt", size=128))).all()
    prompt = prompts.img2img("tiny-sd3.ckpt", gradient)
    sampled = pixels(comfy, prompt)
    assert sampled.shape == (1, 128, 128, 3)
    prompt["decode"]["inputs"]["samples"] = ["encode", 0]
    assert psnr(pixels(comfy, prompt)[0], original()) > 25


def test_wan_samples_a_video_latent_of_one_frame(comfy, gradient):
    prompt = wan_img2img(gradient)
    assert pixels(comfy, prompt).shape == (1, 128, 128, 3)
    prompt["decode"]["inputs"]["samples"] = ["encode", 0]
    assert psnr(pixels(comfy, prompt)[0], original()) > 25


def test_wan_decodes_five_frames_of_two_latent_ones(comfy):
    prompt = wan_img2img("unused")
    del prompt["image"]
    prompt["encode"] = node("EmptyHunyuanLatentVideo", width=64, height=64, length=5, batch_size=1)
    assert pixels(comfy, prompt).shape == (5, 64, 64, 3)


def test_the_real_sd15_vae_layout_gives_a_picture_back(comfy, gradient):
    prompt = {
        "image": node("LoadImage", image=gradient),
        "vae": node("VAELoader", vae_name="sd15-vae.pt"),
        "encode": node("VAEEncode", pixels=["image", 0], vae=["vae", 0]),
        "decode": node("VAEDecode", samples=["encode", 0], vae=["vae", 0]),
        "preview": node("PreviewImage", images=["decode", 0]),
    }
    assert psnr(pixels(comfy, prompt)[0], original()) > 25


def test_inpaint_checkpoint_takes_mask_and_masked_image(comfy, gradient):
    prompt = prompts.img2img("nano-sd15-inpaint.ckpt", gradient)
    prompt["mask"] = node("SolidMask", value=1.0, width=128, height=128)
    prompt["inpaint"] = node(
        "InpaintModelConditioning",
        positive=["positive", 0],
        negative=["negative", 0],
        vae=["model", 2],
        pixels=["image", 0],
        mask=["mask", 0],
        noise_mask=True,
    )
    prompt["sample"]["inputs"] |= {
        "positive": ["inpaint", 0],
        "negative": ["inpaint", 1],
        "latent_image": ["inpaint", 2],
    }
    with_mask = pixels(comfy, prompt)
    prompt["mask"]["inputs"]["value"] = 0.6  # the conditioning rounds it to 1, the noise mask does not
    assert np.abs(with_mask - pixels(comfy, prompt)).mean() > 0.1


def test_controlnet_changes_the_picture_by_its_hint(comfy, gradient):
    plain = prompts.txt2img("nano-sd15.ckpt", size=128)
    hinted = plain | {
        "image": node("LoadImage", image=gradient),
        "net": node("ControlNetLoader", control_net_name="nano-sd15-controlnet.safetensors"),
        "control": node(
            "ControlNetApplyAdvanced",
            positive=["positive", 0],
            negative=["negative", 0],
            control_net=["net", 0],
            image=["image", 0],
            strength=1.0,
            start_percent=0.0,
            end_percent=1.0,
        ),
    }
    hinted["sample"] = node(
        "KSampler", **(plain["sample"]["inputs"] | {"positive": ["control", 0], "negative": ["control", 1]})
    )
    inverted = {**hinted, "invert": node("ImageInvert", image=["image", 0])}
    inverted["control"] = node("ControlNetApplyAdvanced", **(hinted["control"]["inputs"] | {"image": ["invert", 0]}))
    assert np.abs(pixels(comfy, hinted) - pixels(comfy, plain)).mean() > 1
    assert np.abs(pixels(comfy, hinted) - pixels(comfy, inverted)).mean() > 1


@pytest.mark.parametrize("part", ["strength_model", "strength_clip"])
def test_lora_changes_the_picture_through_model_and_through_clip(comfy, part):
    prompt = prompts.txt2img("nano-sd15.ckpt", size=128)
    strengths = {"strength_model": 0.0, "strength_clip": 0.0}
    prompt["lora"] = node("LoraLoader", lora_name="nano-sd15-lora.safetensors", model=["model", 0], clip=["model", 1])
    prompt["lora"]["inputs"] |= strengths
    prompt["sample"]["inputs"]["model"] = ["lora", 0]
    prompt["positive"]["inputs"]["clip"] = ["lora", 1]
    plain = pixels(comfy, prompt)
    prompt["lora"]["inputs"] |= {part: 1.0}
    assert np.abs(pixels(comfy, prompt) - plain).mean() > 0.05


def test_clip_vision_encodes_a_picture(comfy, gradient):
    comfy.run(
        {
            "image": node("LoadImage", image=gradient),
            "load": node("CLIPVisionLoader", clip_name="clip-vit-l.pt"),
            "encode": node("CLIPVisionEncode", clip_vision=["load", 0], image=["image", 0], crop="center"),
            "show": node("PreviewAny", source=["encode", 0]),
        }
    )


def test_upscale_model_doubles_the_size(comfy, gradient):
    prompt = {
        "image": node("LoadImage", image=gradient),
        "load": node("UpscaleModelLoader", model_name="upscale-2x.safetensors"),
        "upscale": node("ImageUpscaleWithModel", upscale_model=["load", 0], image=["image", 0]),
        "preview": node("PreviewImage", images=["upscale", 0]),
    }
    upscaled = pixels(comfy, prompt)[0]
    assert upscaled.shape == (256, 256, 3)
    assert psnr(upscaled, original(256)) > 30
