"""CLIP text models of the real widths with three layers, so that conditioning has its real shape."""

import comfy.sd1_clip
import comfy.sdxl_clip

LAYERS = {"num_hidden_layers": 3}


def with_few_layers(model_options: dict | None) -> dict:
    return {**(model_options or {}), "clip_l_model_config": LAYERS, "clip_g_model_config": LAYERS}


class NanoSD15Clip(comfy.sd1_clip.SD1ClipModel):
    def __init__(self, device="cpu", dtype=None, model_options=None, **kwargs):
        super().__init__(device=device, dtype=dtype, model_options=with_few_layers(model_options), **kwargs)


class NanoSDXLClip(comfy.sdxl_clip.SDXLClipModel):
    def __init__(self, device="cpu", dtype=None, model_options=None):
        super().__init__(device=device, dtype=dtype, model_options=with_few_layers(model_options))

    def load_sd(self, sd):
        # ComfyUI tells the two encoders apart by a layer that these do not have
        width = sd["text_model.final_layer_norm.weight"].shape[0]
        return (self.clip_g if width == 1280 else self.clip_l).load_sd(sd)


class NanoRefinerClip(comfy.sdxl_clip.SDXLRefinerClipModel):
    def __init__(self, device="cpu", dtype=None, model_options=None):
        super().__init__(device=device, dtype=dtype, model_options=with_few_layers(model_options))
