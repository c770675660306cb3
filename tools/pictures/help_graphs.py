"""The graphs of which the help pages show pictures."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from afterdetail.detailer.box import Box
from afterdetail.nodes.adapters.segs import crop_region
from rig import prompts
from rig.example import FACE_MODEL, WIDGETS
from rig.photos import FACES
from rig.prompts import Graph, node

IMAGE = ["image", 0]


class Shown(NamedTuple):
    """A picture with panels."""

    scene: str
    """Which of the photos is the node `image`."""
    graph: Graph
    panels: dict[str, Any]
    """What is written under each panel, and the socket that gives its picture."""


def find(**widgets: object) -> Graph:
    return {"detect": node("AfterDetailDetect", image=IMAGE, detector="face_full_mediapipe", **widgets)}


def mask_regions(name: str, **widgets: object) -> Graph:
    return {name: node("AfterDetailRegions", image=IMAGE, detections=["detect", 0], base_model="sd15", **widgets)}


def hands() -> Graph:
    """The hands of a picture, as `regions`."""
    found = {"detect": node("AfterDetailDetect", image=IMAGE, detector="hand_auto")}
    return found | mask_regions("regions", mask_padding=48)


def hints(name: str, **widgets: object) -> Graph:
    return {name: node("AfterDetailHints", image=IMAGE, regions=["regions", 0], **widgets)}


def over(picture: str, lines: str) -> dict[str, Any]:
    """Lines on black over a darkened picture."""
    return node("ImageBlend", image1=[lines, 0], image2=[picture, 0], blend_factor=0.4, blend_mode="normal")


def shown(name: str, **inputs: list) -> Graph:
    return {name: node("AfterDetailPreview", image=IMAGE, **inputs)}


def as_image(name: str, mask: list) -> Graph:
    return {name: node("MaskToImage", mask=mask)}


def objects_of(boxes: dict[str, Box]) -> Graph:
    """Boxes by label, as a detector of ComfyUI's own would give them, and the node `objects` that shows them."""
    given = [
        {"x": box.x0, "y": box.y0, "width": box.width, "height": box.height, "label": label}
        for label, box in boxes.items()
    ]
    return {
        "boxes": node("ProbeValue", text=json.dumps([given])),
        "found": node("AfterDetailFromBoxes", bboxes=["boxes", 0], image=IMAGE),
    } | shown("objects", detections=["found", 0])


def impact_crop(factor: float) -> Box:
    return crop_region(Box(*FACES["astronaut"]), factor, 512, 512)


def repaired(**widgets: object) -> Graph:
    """The detailer with the small trained model."""
    links = {"image": IMAGE, "model": ["model", 0], "vae": ["model", 2]}
    texts = {"positive": ["positive", 0], "negative": ["negative", 0]}
    return prompts.checkpoint(FACE_MODEL) | {
        "detail": node("AfterDetail", **links, **texts, detector="face_full_mediapipe", **{**WIDGETS, **widgets})
    }


def checked(name: str, threshold: float) -> Graph:
    return {
        "vision": node("CLIPVisionLoader", clip_name="clip-vit-l.pt"),
        name: node(
            "AfterDetailSafety",
            image=IMAGE,
            clip_vision=["vision", 0],
            threshold=threshold,
            concepts="concept.safetensors",
        ),
    }


def lent(name: str, detector: str, output: int) -> Graph:
    """A detector as Impact Pack's nodes use it, and what it finds as objects."""
    return {
        f"{name} detector": node("AfterDetailDetectorProvider", detector=detector),
        f"{name} segs": node("ProbeImpact", detector=[f"{name} detector", output], image=IMAGE),
        f"{name} found": node("AfterDetailFromSEGS", segs=[f"{name} segs", 0], image=IMAGE),
    } | shown(name, detections=[f"{name} found", 0])


MASKING = {name: WIDGETS[name] for name in ("mask_dilation", "mask_blur")}
CROPS = mask_regions("regions", mask_dilation=24, mask_blur=8) | {
    "crop": node("AfterDetailCrop", image=IMAGE, regions=["regions", 0]),
    "other": node("ImageInvert", image=["crop", 0]),
    "paste": node("AfterDetailPaste", image=IMAGE, regions=["crop", 2], crops=["other", 0]),
}

PICTURES = {
    "AfterDetail": Shown(
        "broken",
        find()
        | mask_regions("regions", **MASKING)
        | shown("window", regions=["regions", 0])
        | repaired()
        | as_image("mask", ["detail", 1]),
        {"image": IMAGE, "found, with its window": ["window", 0], "mask": ["mask", 0], "result": ["detail", 0]},
    ),
    "AfterDetailDetect": Shown(
        "group",
        find() | shown("boxes", detections=["detect", 0]) | as_image("mask", ["detect", 1]),
        {"detections": ["boxes", 0], "mask": ["mask", 0]},
    ),
    "AfterDetailFilter": Shown(
        "group",
        find()
        | {"filter": node("AfterDetailFilter", detections=["detect", 0], sort_by="area", max_num_detections=2)}
        | shown("all", detections=["detect", 0])
        | shown("kept", detections=["filter", 0]),
        {"all": ["all", 0], "sort_by area, max_num_detections 2": ["kept", 0]},
    ),
    "AfterDetailRegions": Shown(
        "head",
        find()
        | mask_regions("a", mask_dilation=4, mask_blur=4)
        | mask_regions("b", mask_dilation=64, mask_blur=4)
        | mask_regions("c", mask_dilation=64, mask_blur=20)
        | shown("A", regions=["a", 0])
        | shown("B", regions=["b", 0])
        | shown("C", regions=["c", 0]),
        {"dilation 4, blur 4": ["A", 0], "dilation 64, blur 4": ["B", 0], "dilation 64, blur 20": ["C", 0]},
    ),
    "AfterDetailInpaint": Shown(
        "broken",
        find()
        | mask_regions("regions", **MASKING)
        | repaired(denoise=0.04)
        | {
            "strong": repaired(denoise=0.08)["detail"],
        }
        | {
            "crop": node("AfterDetailCrop", image=IMAGE, regions=["regions", 0]),
            "weak crop": node("AfterDetailCrop", image=["detail", 0], regions=["regions", 0]),
            "strong crop": node("AfterDetailCrop", image=["strong", 0], regions=["regions", 0]),
        },
        {"window": ["crop", 0], "denoise 0.04": ["weak crop", 0], "denoise 0.08": ["strong crop", 0]},
    ),
    "AfterDetailCrop": Shown(
        "group",
        find() | CROPS | shown("windows", regions=["regions", 0]),
        {"regions": ["windows", 0], "crops": ["crop", 0]},
    ),
    "AfterDetailHints": Shown(
        "hand",
        hands()
        | hints("whole", per_crop=False)
        | hints("own", per_crop=True)
        | {
            "crop": node("AfterDetailCrop", image=IMAGE, regions=["regions", 0]),
            "over": over("crop", "own"),
        },
        {"whole picture": ["whole", 0], "per_crop": ["own", 0], "crop": ["crop", 0], "both": ["over", 0]},
    ),
    "AfterDetailPaste": Shown(
        "group",
        find() | CROPS,
        {"crops, inverted by another node": ["other", 0], "pasted": ["paste", 0]},
    ),
    "AfterDetailPreview": Shown(
        "group",
        find() | mask_regions("regions") | shown("a", detections=["detect", 0]) | shown("b", regions=["regions", 0]),
        {"detections": ["a", 0], "regions": ["b", 0]},
    ),
    "AfterDetailFromMask": Shown(
        "astronaut",
        {
            "together": node("AfterDetailFromMask", mask=["spots", 1], split=False, image=IMAGE),
            "apart": node("AfterDetailFromMask", mask=["spots", 1], image=IMAGE),
        }
        | as_image("mask", ["spots", 1])
        | shown("A", detections=["apart", 0])
        | shown("B", detections=["together", 0]),
        {"mask": ["mask", 0], "split on": ["A", 0], "split off": ["B", 0]},
    ),
    "AfterDetailFromBoxes": Shown(
        "astronaut",
        objects_of({"face": Box(170, 60, 280, 190), "shuttle": Box(345, 200, 425, 290)}),
        {"bboxes of any node": ["objects", 0]},
    ),
    "AfterDetailFromSEGS": Shown(
        "group",
        find()
        | {
            "segs": node("AfterDetailToSEGS", detections=["detect", 0], image=IMAGE),
            "found": node("AfterDetailFromSEGS", segs=["segs", 0], image=IMAGE),
        }
        | shown("objects", detections=["found", 0]),
        {"objects of the SEGS": ["objects", 0]},
    ),
    "AfterDetailToSEGS": Shown(
        "astronaut",
        objects_of({"object": impact_crop(1), "crop_factor 1.5": impact_crop(1.5), "crop_factor 3": impact_crop(3)}),
        {"what Impact Pack cuts out": ["objects", 0]},
    ),
    "AfterDetailDetectorProvider": Shown(
        "head",
        lent("box", "face_full_mediapipe", 0) | lent("outline", "face_oval_mediapipe", 1),
        {"bbox_detector": ["box", 0], "segm_detector, face_oval": ["outline", 0]},
    ),
    "AfterDetailSafety": Shown(
        "astronaut",
        checked("kept", 1.0) | checked("removed", -1.0),
        {"threshold 1: kept": ["kept", 0], "threshold -1: removed": ["removed", 0]},
    ),
}
