"""Graphs of core nodes in API form."""

from typing import Any

Graph = dict[str, dict[str, Any]]


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    """One node; a link is a list [node id, output index]."""
    return {"class_type": class_type, "inputs": inputs}


def checkpoint(name: str, positive: str = "a face", negative: str = "blurry") -> Graph:
    """Nodes `model` (CheckpointLoaderSimple: 0 model, 1 clip, 2 vae), `positive` and `negative`."""
    return {
        "model": node("CheckpointLoaderSimple", ckpt_name=name),
        "positive": node("CLIPTextEncode", clip=["model", 1], text=positive),
        "negative": node("CLIPTextEncode", clip=["model", 1], text=negative),
    }


def wan(positive: str = "a face", negative: str = "blurry") -> Graph:
    """Nodes `model`, `clip` and `vae` of tiny-wan from their loaders, `positive` and `negative`."""
    return {
        "model": node("UNETLoader", unet_name="tiny-wan.safetensors", weight_dtype="default"),
        "clip": node("CLIPLoader", clip_name="clip-l.pt", type="sd3"),
        "vae": node("VAELoader", vae_name="tiny-wan-vae.pt"),
        "positive": node("CLIPTextEncode", clip=["clip", 0], text=positive),
        "negative": node("CLIPTextEncode", clip=["clip", 0], text=negative),
    }


def sample(latent: str, seed: int = 0, steps: int = 2, cfg: float = 5.0, denoise: float = 1.0) -> Graph:
    """Nodes `sample` (KSampler over `checkpoint`'s nodes and node `latent`), `decode` and `preview`."""
    return {
        "sample": node(
            "KSampler",
            model=["model", 0],
            positive=["positive", 0],
            negative=["negative", 0],
            latent_image=[latent, 0],
            seed=seed,
            steps=steps,
            cfg=cfg,
            denoise=denoise,
            sampler_name="euler",
            scheduler="normal",
        ),
        "decode": node("VAEDecode", samples=["sample", 0], vae=["model", 2]),
        "preview": node("PreviewImage", images=["decode", 0]),
    }


def txt2img(name: str, size: int = 256, seed: int = 0, steps: int = 2, positive: str = "a face") -> Graph:
    """A picture from nothing; PreviewImage is node `preview`."""
    empty = {"empty": node("EmptyLatentImage", width=size, height=size, batch_size=1)}
    return checkpoint(name, positive) | empty | sample("empty", seed, steps)


def img2img(
    name: str, image: str, seed: int = 0, steps: int = 4, denoise: float = 0.5, positive: str = "a face"
) -> Graph:
    """A picture from an uploaded one; PreviewImage is node `preview`."""
    encoded = {
        "image": node("LoadImage", image=image),
        "encode": node("VAEEncode", pixels=["image", 0], vae=["model", 2]),
    }
    return checkpoint(name, positive) | encoded | sample("encode", seed, steps, denoise=denoise)
