"""`keep` if better, with a stand-in for the model that paints an object well or black, as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.crop import resized
from afterdetail.detailer.detail import Checks, Detailed, detail
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.family import SD15, ModelSizes
from afterdetail.detailer.job import Job
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.seeds import ATTEMPT_BITS, Seeds, derived_seed, retry_seed
from afterdetail.detailer.settings import FitSettings, KeepSettings, MaskSettings, PaintSettings, SampleSettings

BOXES = (Box(20, 20, 70, 70), Box(120, 30, 180, 90), Box(60, 120, 110, 180))


class Interrupted(BaseException):
    """As ComfyUI's own interrupt: no Exception."""


Bad = Callable[[Job, int], bool]
"""Whether a job comes out black, in which round of sampling."""


@dataclass
class Painter:
    """Gives back the crop a little brighter, by its seed; or black."""

    bad: Bad
    at_round: dict[int, BaseException] = field(default_factory=dict)
    """What a round of sampling ends in: raised if it is no Exception, else the outcome of its jobs."""
    sampled: list[list[Job]] = field(default_factory=list)

    sizes = ModelSizes(SD15, 8)
    paint = PaintSettings()
    settings = SampleSettings()
    notes = ()
    device = None

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.movedim(-1, 1)

    def sample(self, jobs: Sequence[Job], image: Box) -> list[Any]:
        number = len(self.sampled)
        self.sampled.append([*jobs])
        if number in self.at_round:
            fault = self.at_round[number]
            if not isinstance(fault, Exception):
                raise fault
            return [fault] * len(jobs)
        return [job.latent * (0 if self.bad(job, number) else 1.001 + job.seed % 7 / 1000) for job in jobs]

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return latent.movedim(1, -1).clamp(0, 1)


def picture() -> torch.Tensor:
    coarse = torch.rand(1, 20, 20, 3, generator=torch.Generator().manual_seed(2))
    return resized(coarse, Size(200, 200)) * 0.6 + 0.2


def regions(*boxes: Box) -> Regions:
    found = tuple(Detection(box, 0.9, "face", Extent(*map(float, box))) for box in boxes)
    return make_regions(Detections(200, 200, (found,), "test").numbered(), MaskSettings(), FitSettings())


def run(
    painter: Painter, *boxes: Box, keep: str = "if better", retries: int = 0, seeds: Seeds | None = None
) -> Detailed:
    settings = KeepSettings(keep, retries)  # type: ignore[arg-type]
    return detail(picture(), regions(*(boxes or BOXES)), painter, seeds or Seeds(5), Checks(keep=settings))


def objects(done: Detailed) -> list[dict[str, Any]]:
    return json.loads(done.report.as_json())["images"][0]["objects"]


def second(job: Job) -> bool:
    return job.region.members[0].box == BOXES[1]


def test_a_worse_repair_leaves_the_object_as_it_was_to_the_bit():
    done = run(Painter(lambda job, number: second(job)), retries=2)
    first, rejected, _ = objects(done)
    assert [o["status"] for o in objects(done)] == ["inpainted", "rejected", "inpainted"]
    assert [o["tries"] for o in objects(done)] == [1, 3, 1]
    box = regions(BOXES[1]).items[0].alpha.box
    assert torch.equal(done.image[0][box.slices], picture()[0][box.slices])
    assert not done.alpha[0][box.slices].any()
    assert rejected["judged"]["blown"]["value"] > 0.2 and not rejected["judged"]["blown"]["passed"]
    assert rejected["reason"].startswith("the repair was worse: ")
    assert first["judged"] and all(test["passed"] for test in first["judged"].values())
    assert done.report.counts("inpainted") == [2] and done.report.notes[-1].startswith("Object 1: rejected, the repair")


def test_the_others_come_out_as_without_the_judge():
    judged, always = run(Painter(lambda job, number: second(job))), run(Painter(lambda *_: False), keep="always")
    for box in (BOXES[0], BOXES[2]):
        assert torch.equal(judged.image[0][box.slices], always.image[0][box.slices])


def test_only_what_was_rejected_is_sampled_again_and_with_another_seed():
    painter = Painter(lambda job, number: second(job) and number < 2)
    done = run(painter, retries=5)
    assert [len(jobs) for jobs in painter.sampled] == [3, 1, 1]
    kept = objects(done)[1]
    assert (kept["status"], kept["tries"]) == ("inpainted", 3)
    seeds = [job.seed for jobs in painter.sampled for job in jobs if second(job)]
    assert len(set(seeds)) == 3 and kept["seed"] == seeds[-1]


def test_the_seed_in_the_report_gives_the_kept_repair_again():
    done = run(Painter(lambda job, number: second(job) and number < 2), retries=2)
    seed = objects(done)[1]["seed"]
    again = run(Painter(lambda *_: False), BOXES[1], keep="always", seeds=Seeds(0, (seed,)))
    assert torch.equal(done.image[0][BOXES[1].slices], again.image[0][BOXES[1].slices])


def test_an_object_alone_is_what_it_is_among_others():
    def bad(job: Job, number: int) -> bool:
        return job.region.members[0].box != BOXES[0] and job.seed % 2 == 1

    among = run(Painter(bad), retries=3)
    for place, box in enumerate(BOXES):
        alone = run(Painter(bad), box, retries=3, seeds=Seeds(0, (derived_seed(5, 0, place),)))
        assert torch.equal(among.image[0][box.slices], alone.image[0][box.slices])
        assert objects(among)[place]["tries"] == objects(alone)[0]["tries"]


def test_of_two_that_overlap_the_later_lies_on_top_even_if_the_earlier_is_ready_after_it():
    overlapping = Box(40, 40, 100, 100), Box(70, 70, 130, 130)
    late = run(Painter(lambda job, number: job.region.members[0].box == overlapping[0] and number < 1), *overlapping)
    first, later = overlapping
    retried = Painter(lambda job, number: job.region.members[0].box == first and number < 1)
    done = run(retried, *overlapping, retries=1)
    assert [len(jobs) for jobs in retried.sampled] == [2, 1]
    common = first.padded(-12).intersection(later.padded(-12)).slices
    assert torch.equal(done.image[0][common], late.image[0][common]), "there only the later one was pasted"


def test_an_interrupt_of_a_later_try_passes_through():
    image = picture()
    with pytest.raises(Interrupted):
        run(Painter(lambda *_: True, at_round={1: Interrupted()}), retries=2)
    assert torch.equal(image, picture())


def test_a_try_that_fails_is_a_failure():
    done = run(Painter(lambda job, number: second(job), at_round={1: RuntimeError("no memory")}), retries=2)
    assert [o["status"] for o in objects(done)] == ["inpainted", "failed", "inpainted"]
    assert "no memory" in objects(done)[1]["reason"]


@pytest.mark.parametrize("failing", [0, 1])
def test_where_every_object_fails_in_a_try_it_is_an_error_unless_the_user_goes_on(failing):
    """`continue_on_error` leaves out the check of the report, and what came out is whole either way."""
    done = run(Painter(lambda *_: True, at_round={failing: RuntimeError("no memory")}), retries=2)
    with pytest.raises(RuntimeError, match=r"All 3 objects failed\. .*no memory"):
        done.report.check()
    assert torch.equal(done.image, picture()) and not done.alpha.any()
    assert [(o["status"], o["tries"]) for o in objects(done)] == [("failed", failing or None)] * 3


def test_objects_that_were_rejected_are_no_error_though_all_others_failed():
    def bad(job: Job, number: int) -> bool:
        return not second(job)

    class OneFails(Painter):
        def sample(self, jobs: Sequence[Job], image: Box) -> list[Any]:
            outcomes = super().sample(jobs, image)
            return [RuntimeError("no memory") if second(job) else one for job, one in zip(jobs, outcomes, strict=True)]

    done = run(OneFails(bad))
    assert [o["status"] for o in objects(done)] == ["rejected", "failed", "rejected"]
    done.report.check()


def test_nothing_kept_gives_the_very_input():
    image = picture()
    done = detail(image, regions(*BOXES), Painter(lambda *_: True), Seeds(5), Checks(keep=KeepSettings("if better")))
    assert done.image is image and done.report.counts("rejected") == [3]
    done.report.check()  # nothing failed


def test_without_keep_nothing_is_judged_or_tried_again():
    painter = Painter(lambda job, number: second(job))
    done = run(painter, keep="always", retries=8)
    assert len(painter.sampled) == 1 and done.report.counts("inpainted") == [3]
    assert all(o["tries"] is None and o["judged"] is None for o in objects(done))


def test_what_is_unsafe_is_removed_and_not_tried_again():
    painter = Painter(lambda *_: True)
    checks = Checks(lambda pictures: [True], KeepSettings("if better", 3))
    done = detail(picture(), regions(*BOXES), painter, Seeds(5), checks)
    assert done.report.counts("removed") == [3] and len(painter.sampled) == 1


def test_no_two_tries_of_any_objects_share_a_seed():
    seeds = [retry_seed(derived_seed(3, image, o), t) for image in range(3) for o in range(50) for t in range(9)]
    assert len({seed % (1 << 32) for seed in seeds}) == len(seeds)
    assert retry_seed(41, 0) == 41 and 1 << (32 - ATTEMPT_BITS) > 8


@pytest.mark.parametrize(("keep", "retries"), [("sometimes", 0), ("always", -1), ("always", 9)])
def test_other_values_are_refused(keep, retries):
    with pytest.raises(ValueError, match=r"keep|retries"):
        KeepSettings(keep, retries)
