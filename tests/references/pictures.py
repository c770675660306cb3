"""Pictures for detectors: scikit-image's, and those of ComfyUI's template packages as installed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import skimage.data
import skimage.transform
from PIL import Image

FACE = (slice(80, 176), slice(178, 274))  # rows and columns of the face in the astronaut picture


TEMPLATES = {
    "four_faces": "image/templates/api_kling_o3_image-1.webp",
    "eight_faces": "other/templates/utility_sdpose_multi_person-1.webp",
    "open_hands": "api/templates/api_bfl_flux_pro_t2i-1.webp",
    "smoker": "api/templates/api_runway_gen4_turo_image_to_video-1.webp",
    "reaching_hands": "assets_01/templates/video_wan21_scail2_character_replacement_int8-1.webp",
    "knitting": "api/templates/api_vidu_q2_t2v-1.webp",
    "one_hand": "other/templates/template_product_placement-1.webp",
    "girl": "video/templates/video_wan2.1_alpha_t2v_14B-1.webp",
    "painting": "image/templates/sdxl_simple_example-1.webp",
}


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    return np.round(skimage.transform.rotate(image, degrees, mode="edge", preserve_range=True)).astype(np.uint8)


def template(path: str) -> np.ndarray:
    """A picture [H, W, 3] of a comfyui_workflow_templates_media package; `path` such as image/templates/x-1.webp."""
    image = Image.open(Path(np.__file__).parents[1] / f"comfyui_workflow_templates_media_{path}")
    return np.asarray(image.convert("RGB"))


def parity_pictures() -> dict[str, np.ndarray]:
    """Name -> [H, W, 3] uint8."""
    astronaut = skimage.data.astronaut()
    small = cv2.resize(astronaut, (203, 203), interpolation=cv2.INTER_AREA)
    row = np.concatenate([astronaut[:300, 100:400], astronaut[:300, 100:400, ::-1], astronaut[:300, 99:400]], 1)
    return {
        "plain": astronaut,
        "grey": np.repeat(np.round(astronaut.mean(-1, keepdims=True)).astype(np.uint8), 3, -1),
        "large": cv2.resize(astronaut, (1600, 1600), interpolation=cv2.INTER_CUBIC),
        "small": small,
        "portrait": astronaut[:400, 130:330],
        "landscape": astronaut[40:240],
        "turned_30": turned(astronaut, 30),
        "turned_90": np.ascontiguousarray(np.rot90(astronaut)),
        "cut_left": astronaut[:, 215:],
        "cut_right": astronaut[:, :240],
        "cut_top": astronaut[110:],
        "cut_bottom": astronaut[:140],
        "three": row,
        "cameraman": np.repeat(skimage.data.camera()[..., None], 3, -1),
        "coffee": skimage.data.coffee(),
        "cat": skimage.data.chelsea(),
        **{name: template(path) for name, path in TEMPLATES.items()},
    }
