"""Nodes on a computer with a GPU, a pretended one: detectors run there, and with --gpu-only pictures lie there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from rig import by_eye
from rig.comfy_on_device import comfy_on_device
from rig.make import import_comfy
from rig.photos import photo

import_comfy(on_cpu=True)

from afterdetail.nodes.crop_and_paste import AfterDetailCrop, AfterDetailPaste  # noqa: E402
from afterdetail.nodes.detect import AfterDetailDetect  # noqa: E402
from afterdetail.nodes.detection_formats import AfterDetailFromMask, AfterDetailFromSEGS, AfterDetailToSEGS  # noqa: E402
from afterdetail.nodes.preview import AfterDetailPreview  # noqa: E402
from afterdetail.nodes.provider import AfterDetailDetectorProvider  # noqa: E402
from afterdetail.nodes.regions import AfterDetailRegions  # noqa: E402
from afterdetail.nodes.structure_hints import AfterDetailHints  # noqa: E402


@pytest.fixture(scope="module")
def face() -> torch.Tensor:
    return by_eye.tensor(photo("astronaut"))[:, 40:200, 140:300].contiguous()


def detected(image: torch.Tensor, detector: str = "face_full_mediapipe", **options: Any) -> tuple:
    return AfterDetailDetect.execute(image, detector, **options).args


def found(image: torch.Tensor, detector: str, **options: Any) -> list:
    """What is found: the boxes, and all of it in one mask."""
    mask, boxes = detected(image, detector, **options)[1:3]
    return [mask, torch.tensor([[box["x"], box["y"], box["width"], box["height"]] for box in boxes[0]]).reshape(-1, 4)]


def masked(image: torch.Tensor, **options: Any) -> tuple:
    return AfterDetailRegions.execute(image, detected(image)[0], **options).args


def cropped_and_pasted(image: torch.Tensor, **options: Any) -> list:
    regions, mask = masked(image, **options)
    crops, masks, *_ = AfterDetailCrop.execute(image, regions).args
    pasted = AfterDetailPaste.execute(image, regions, crops * 0.9, color_match=1.0).args
    return [mask, crops, crops * masks[..., None], *pasted]


def hinted(image: torch.Tensor, kind: str) -> list:
    regions, objects = masked(image)[0], detected(image)[0]
    return [AfterDetailHints.execute(image, objects, regions, kind, per_crop=kind == "canny").args[0]]


def previewed(image: torch.Tensor) -> list:
    return list(AfterDetailPreview.execute(image, detected(image)[0], masked(image)[0]).args)


def painted(image: torch.Tensor) -> list:
    mask = torch.zeros_like(image[..., 0])
    mask[:, 30:140, 30:140] = 0.8
    objects = AfterDetailFromMask.execute(mask, image).args[0]
    return [AfterDetailRegions.execute(image, objects).args[1], *found(image, "face_full_mediapipe", only_inside=mask)]


def through_impact(image: torch.Tensor) -> list:
    boxes, _ = AfterDetailDetectorProvider.execute("face_mesh_mediapipe").args
    objects = AfterDetailFromSEGS.execute(boxes.detect(image, 0.3, 4, 2.0), image).args[0]
    [(_, segs)] = AfterDetailToSEGS.execute(objects, image).args
    return [AfterDetailRegions.execute(image, objects).args[1], *(seg.cropped_image for seg in segs)]


LOOKS: dict[str, Callable[[torch.Tensor], list]] = {
    "face_auto": lambda image: found(image, "face_auto"),
    "face_mesh_mediapipe, scan": lambda image: found(image, "face_mesh_mediapipe", scan="2"),
    "hand_auto": lambda image: found(image, "hand_auto"),
    "upright": lambda image: cropped_and_pasted(image, upright=True),
    "Impact Pack": through_impact,
}
"""What networks look at."""
CASES = LOOKS | {
    "upscale": lambda image: cropped_and_pasted(image, upscale=1.5),
    "face mesh": lambda image: hinted(image, "face mesh"),
    "canny": lambda image: hinted(image, "canny"),
    "soft edge": lambda image: hinted(image, "soft edge"),
    "preview": previewed,
    "painted": painted,
}


@pytest.fixture(scope="module")
def by_cpu(face) -> dict[str, list]:
    """What comes out without a GPU."""
    with torch.inference_mode():
        return {case: nodes(face) for case, nodes in CASES.items()}


@pytest.fixture(scope="module", params=["cuda", "mps"])
def gpu(request, by_cpu) -> Iterator[torch.device]:
    with torch.inference_mode(), comfy_on_device(request.param) as device:
        yield device


@pytest.fixture(scope="module", params=["cuda", "mps"])
def gpu_only(request, by_cpu) -> Iterator[torch.device]:
    with torch.inference_mode(), comfy_on_device(request.param, gpu_only=True) as device:
        yield device


def assert_equal(results: list, expected: list, place: str) -> None:
    for result, wanted in zip(results, expected, strict=True):
        assert place == result.device.type or result.ndim == 2, "a box is no picture"
        torch.testing.assert_close(result.cpu(), wanted, atol=1e-4, rtol=0)


@pytest.mark.parametrize("case", LOOKS)
def test_networks_look_from_the_gpu(gpu, face, by_cpu, case):
    assert_equal(CASES[case](face), by_cpu[case], "cpu")


@pytest.mark.parametrize("case", CASES)
def test_pictures_and_masks_stay_on_the_gpu(gpu_only, face, by_cpu, case):
    """Beside each other, as nodes such as VAE Encode (for Inpainting) need them."""
    assert_equal(CASES[case](face.to(gpu_only)), by_cpu[case], gpu_only.type)
