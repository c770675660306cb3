"""Pictures for tests, read from installed packages; none is kept here.

scikit-image's photos are in the public domain. Template pictures come with ComfyUI's front end packages
(comfyui_workflow_templates_media_*, MIT licence) and may be missing from later versions of them.
"""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, files
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

FaceBox = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, from forehead to chin, half-open

SCIKIT_IMAGE = {
    "astronaut": "one face, 512 px",
    "camera": "a man from behind, grey, 512 px",
    "chelsea": "a cat, 451 x 300 px",
    "coffee": "no face, 600 x 400 px",
    "rocket": "no face, 640 x 427 px",
}
TEMPLATES = {
    # name: file in a template package, what it shows
    "portrait": ("flux_dev_checkpoint_example-1.webp", "one smiling face, 400 px"),
    "close-up": ("api_magnific_skin_enhancer-1.webp", "one face larger than the picture, 400 px"),
    "garden": ("hidream_e1_1-1.webp", "one face in front of flowers, 400 px"),
    "wheat-field": ("flux_fill_inpaint_example-1.webp", "one face, half figure, 1024 px"),
    "wet-hair": ("sd3.5_simple_example-1.webp", "one face, turned and in shadow, 1024 px"),
    "profile": ("image_qwen_image_2512_with_2steps_lora-1.webp", "one face from the side, grey, 400 px"),
    "child": ("image_ovis_text_to_image-1.webp", "one small face between two teddy bears, 400 px"),
    "two-women": ("api_kling_o3_image-1.webp", "four faces, two of them in the pictures above, 400 px"),
    "crowd": ("api_openai_dall_e_2_t2i-1.webp", "painted people of a few pixels each, 400 px"),
    "street": ("image_qwen_Image_2512-1.webp", "one whole figure, 400 px"),
    "rose": ("utility_recraft_crisp_image_upscale-1.webp", "a hand with a rose that covers the face, 400 px"),
    "praying": ("utility_interpolation_image_upscale-1.webp", "two hands and a covered face, 400 px"),
    "monocle": ("image_flux2-2.webp", "a hand in front of an eye, 400 px"),
    "otter": ("api_bria_image_outpainting-1.webp", "a hand and an animal's face, 400 px"),
    "anime": ("template_qwen_image_illustration_lora-1.webp", "one drawn face, 400 px"),
    "manga": ("templates-color_illustration-2.webp", "one drawn face as large as the picture, 400 px"),
    "visor": ("sdxl_refiner_prompt_example-1.webp", "an astronaut without a visible face, 1024 px"),
}
FACES: dict[str, FaceBox] = {
    "astronaut": (183, 76, 269, 178),
    "portrait": (105, 80, 230, 285),
    "wheat-field": (358, 135, 600, 449),
    "garden": (127, 104, 261, 256),
}
CONTEXT = 1.6  # side of the square cut around a face, in face heights
BACKGROUND = (126, 134, 142)


def photo(name: str) -> Image.Image:
    """A picture as RGB; raises ValueError for an unknown name, FileNotFoundError when its package lacks it."""
    if name in SCIKIT_IMAGE:
        from skimage import data  # here, because importing it takes a second

        return Image.fromarray(getattr(data, name)()).convert("RGB")
    if name in TEMPLATES:
        return Image.open(template_path(TEMPLATES[name][0])).convert("RGB")
    raise ValueError(f"There is no photo {name!r}. Choose one of {', '.join([*SCIKIT_IMAGE, *TEMPLATES])}.")


def pixels(name: str) -> np.ndarray:
    """The same as an array (H, W, 3), uint8."""
    return np.asarray(photo(name))


def template_path(file_name: str) -> Path:
    """Where an installed template package keeps a picture."""
    for part in ("image", "api", "other", "assets-01", "video"):
        try:
            listed = files(f"comfyui-workflow-templates-media-{part}") or []
        except PackageNotFoundError:
            continue
        for file in listed:
            if file.name == file_name:
                return Path(str(file.locate()))
    raise FileNotFoundError(
        f"No installed template package has {file_name}. Install ComfyUI's requirements.txt, or skip this test."
    )


class Collage(NamedTuple):
    """A picture with faces, and where they are, in the order asked for."""

    image: Image.Image
    faces: list[FaceBox]


def collage(
    face_heights: Sequence[int],
    size: tuple[int, int] = (1024, 768),
    names: Sequence[str] = tuple(FACES),
    gap: int = 16,
) -> Collage:
    """Faces of the given heights in pixels on a plain canvas (width, height), in rows; the same every time.

    The photos `names` (keys of FACES) take turns. Raises ValueError when the faces do not fit.
    """
    canvas = Image.new("RGB", size, BACKGROUND)
    faces: list[FaceBox] = []
    left = top = gap
    row_height = 0
    for name, height in zip(islice(cycle(names), len(face_heights)), face_heights, strict=True):
        patch, (x0, y0, x1, y1) = face_patch(name, height)
        if left + patch.width > size[0]:
            left, top, row_height = gap, top + row_height + gap, 0
        if left + patch.width > size[0] or top + patch.height > size[1]:
            raise ValueError(f"Faces of {list(face_heights)} px do not fit on {size[0]} x {size[1]} px. Enlarge it.")
        canvas.paste(patch, (left, top))
        faces.append((left + x0, top + y0, left + x1, top + y1))
        left += patch.width + gap
        row_height = max(row_height, patch.height)
    return Collage(canvas, faces)


def face_patch(name: str, height: int) -> tuple[Image.Image, FaceBox]:
    """A square around a photo's face, scaled so that the face is `height` px high, and the face's box in it."""
    x0, y0, x1, y1 = FACES[name]
    reach = CONTEXT * (y1 - y0) / 2
    left, top = round((x0 + x1) / 2 - reach), round((y0 + y1) / 2 - reach)
    side = round(2 * reach)
    scale = height / (y1 - y0)
    patch = photo(name).crop((left, top, left + side, top + side))
    scaled_side = round(side * scale)
    patch = patch.resize((scaled_side, scaled_side), Image.Resampling.LANCZOS)
    box = (x0 - left, y0 - top, x1 - left, y1 - top)
    x0, y0, x1, y1 = (round(edge * scale) for edge in box)
    return patch, (x0, y0, x1, y1)
