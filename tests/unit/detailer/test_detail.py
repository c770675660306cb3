"""The main job with a stand-in for the model: what happens to objects, not what they look like.

The stand-in is needed to fail on command; sampling with ComfyUI's own models is tested end to end.
"""

import json
from collections.abc import Sequence

import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.crop import resized
from afterdetail.detailer.detail import detail
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.family import SD15, ModelSizes
from afterdetail.detailer.job import Job
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings, PaintSettings, SampleSettings
from afterdetail.detailer.threshold import Threshold

BOXES = (Box(20, 20, 60, 60), Box(120, 30, 170, 90), Box(60, 130, 100, 180))


class Interrupted(BaseException):
    """As ComfyUI's own interrupt: no Exception."""


class Inverter:
    """Encodes a crop as itself, samples its negative, and fails where it is told to."""

    sizes = ModelSizes(SD15, 8)
    paint = PaintSettings()
    notes = ()
    device = None

    def __init__(self, fault: str = "", at: int = 1, settings: SampleSettings | None = None):
        self.fault, self.at, self.calls = fault, at, {"encode": 0, "sample": 0, "decode": 0}
        self.settings = settings or SampleSettings()

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        return self._step("encode", pixels.movedim(-1, 1))

    def sample(self, jobs: Sequence[Job], image: Box) -> list[torch.Tensor | Exception]:
        assert all(job.mask.shape == (1, 1, *job.latent.shape[-2:]) for job in jobs)
        self.calls["sample"] += 1
        outcomes: list[torch.Tensor | Exception] = [1 - job.latent for job in jobs]
        if self.fault == "sample":
            outcomes[self.at] = RuntimeError("the model is broken")
        return outcomes

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return self._step("decode", latent.movedim(1, -1))

    def _step(self, stage: str, values: torch.Tensor) -> torch.Tensor:
        index, self.calls[stage] = self.calls[stage], self.calls[stage] + 1
        if index == self.at:
            match self.fault.split():
                case [name, "nan"] if name == stage:
                    return torch.full_like(values, torch.nan)
                case [name, "inf"] if name == stage:
                    return torch.full_like(values, torch.inf)
                case [name, "raise"] if name == stage:
                    raise RuntimeError("the model is broken")
                case [name, "interrupt"] if name == stage:
                    raise Interrupted
        return values


def regions_for(*images: Sequence[Box], masks: MaskSettings | None = None) -> Regions:
    found = tuple(tuple(Detection(box, 0.9, "face", Extent(*map(float, box))) for box in boxes) for boxes in images)
    detections = Detections(200, 200, found, "test", Threshold(0.5)).numbered()
    return make_regions(detections, masks or MaskSettings(), FitSettings())


def test_every_object_is_repaired_and_nothing_else():
    image = resized(torch.rand(2, 10, 10, 3), Size(200, 200))
    before, regions, inpainter = image.clone(), regions_for(BOXES, BOXES[:1]), Inverter()
    done = detail(image, regions, inpainter, Seeds(5))
    assert torch.equal(image, before)
    assert torch.equal(done.image[done.alpha == 0], image[done.alpha == 0])
    for region in regions.items:
        rows, columns = region.members[0].box.padded(-8).slices
        inside = done.image[region.image_index, rows, columns]
        assert torch.allclose(inside, 1 - image[region.image_index, rows, columns], atol=0.02)
    assert done.report.counts() == done.report.counts("inpainted") == [3, 1]
    assert inpainter.calls == {"encode": 4, "sample": 1, "decode": 4}


@pytest.mark.parametrize("fault", ["encode nan", "encode raise", "sample", "decode nan", "decode inf", "decode raise"])
def test_a_failing_object_keeps_its_pixels_and_the_others_are_done(fault):
    image = torch.rand(1, 200, 200, 3)
    good = detail(image, regions_for(BOXES), Inverter(), Seeds())
    done = detail(image, regions_for(BOXES), Inverter(fault), Seeds())
    (report,) = json.loads(done.report.as_json())["images"]
    assert [item["status"] for item in report["objects"]] == ["inpainted", "failed", "inpainted"]
    assert (report["num_objects_detected"], report["num_objects_inpainted"]) == (3, 2)
    reason = report["objects"][1]["reason"]
    stage = {"encode": "encoding", "sample": "sampling", "decode": "decoding"}[fault.split()[0]]
    assert reason.startswith(stage if fault.endswith(("raise", "sample")) else "The model or the VAE gave NaN")
    failed = regions_for(BOXES).items[1].alpha.box
    assert torch.equal(done.image[0][failed.slices], image[0][failed.slices])
    others = torch.ones(200, 200, dtype=torch.bool)
    others[failed.slices] = False
    assert torch.equal(done.image[0][others], good.image[0][others])
    assert not done.alpha[0][failed.slices].any() and bool(torch.isfinite(done.image).all())


@pytest.mark.parametrize("fault", ["encode interrupt", "decode interrupt"])
def test_an_interrupt_is_no_failure(fault):
    image = torch.rand(1, 200, 200, 3)
    before = image.clone()
    with pytest.raises(Interrupted):
        detail(image, regions_for(BOXES), Inverter(fault), Seeds())
    assert torch.equal(image, before)


def test_nothing_found_gives_the_very_input_and_touches_no_model():
    image, inpainter = torch.rand(2, 200, 200, 3), Inverter()
    done = detail(image, regions_for([], []), inpainter, Seeds())
    assert done.image is image and not done.alpha.any() and not any(inpainter.calls.values())
    assert done.report.counts() == [0, 0]


def test_nothing_pasted_gives_the_very_input():
    image = torch.rand(1, 200, 200, 3)
    assert detail(image, regions_for(BOXES[:1]), Inverter("decode nan", 0), Seeds()).image is image


def test_denoise_zero_skips():
    image, inpainter = torch.rand(1, 200, 200, 3), Inverter(settings=SampleSettings(denoise=0))
    done = detail(image, regions_for(BOXES), inpainter, Seeds())
    assert done.image is image and not any(inpainter.calls.values())
    assert done.report.counts("skipped") == [3]


def test_union_is_one_call():
    inpainter, regions = Inverter(), regions_for(BOXES, masks=MaskSettings(union_masks=True))
    done = detail(torch.rand(1, 200, 200, 3), regions, inpainter, Seeds())
    assert inpainter.calls == {"encode": 1, "sample": 1, "decode": 1}
    assert done.report.counts("inpainted") == [3]


def test_crops_are_cut_from_the_original():
    """Two overlapping objects: the second's crop must not hold the first one's repair."""
    boxes = (Box(40, 40, 100, 100), Box(70, 70, 130, 130))
    image = torch.rand(1, 200, 200, 3)
    both = detail(image, regions_for(boxes), Inverter(), Seeds()).image
    later = detail(image, regions_for(boxes[1:]), Inverter(), Seeds()).image
    assert torch.allclose(both[0, 90:125, 90:125], later[0, 90:125, 90:125], atol=1e-6)


def test_the_report_names_what_was_done():
    done = detail(torch.rand(1, 200, 200, 3), regions_for(BOXES), Inverter(), Seeds(41))
    report = json.loads(done.report.as_json())
    assert (report["detector"], report["confidence"]) == ("test", 0.5)
    first, second, _ = report["images"][0]["objects"]
    assert first["seed"] == 41 and second["seed"] != 42
    assert first["box"] == [20, 20, 60, 60] and first["sampled_at"] == [512, 512] and first["reason"] is None
    x0, y0, x1, y1 = first["window"]
    assert x0 == y0 == 0 and x1 >= 60 + 32 and y1 >= 60 + 32


@pytest.mark.parametrize("paint", [PaintSettings(blend="seamless"), PaintSettings(grain=1.0)])
def test_the_ways_to_blend_reach_the_pasted_pixels(paint):
    image = torch.rand(1, 200, 200, 3, generator=torch.Generator().manual_seed(4)) * 0.5 + 0.25
    inpainter = Inverter()
    plain = detail(image, regions_for(BOXES[:1]), inpainter, Seeds(5)).image
    inpainter.paint = paint
    done = detail(image, regions_for(BOXES[:1]), inpainter, Seeds(5))
    assert not torch.equal(done.image, plain)
    assert torch.equal(done.image[done.alpha == 0], image[done.alpha == 0])
