"""docs/report.md is what the code gives."""

import json
import re

from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.judge import TESTS
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.report import DetailReport, ObjectReport
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.selection import Selection, select
from afterdetail.detailer.settings import FitSettings, MaskSettings
from rig.comfyui import ROOT

PAGE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


def example() -> dict:
    """Two faces, of which one is picked, and a seed too many."""
    boxes = (Box(160, 96, 256, 224), Box(400, 120, 480, 220))
    faces = tuple(Detection(box, 0.93, "face", Extent(*map(float, box))) for box in boxes)
    found = Detections(640, 480, (faces,), "face_full_mediapipe").numbered()
    regions = make_regions(
        select(found, Selection(sort_by=None, pick="0")), MaskSettings(), FitSettings("auto", "sd15")
    )
    report, seeds = DetailReport.of(regions), Seeds(5, (7, 8, 9))
    report.note(*seeds.unused(2))
    (region,) = regions.items
    report.add(region, [ObjectReport(region.members[0], "inpainted", None, region, seeds.of(0, 0, 0), None, 1234.5)])
    return json.loads(report.as_json())


def test_the_example_is_what_the_code_makes():
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert json.loads(shown) == example()


def test_every_key_is_explained():
    explained = set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))
    report = example()
    image = report["images"][0]
    assert {*report, *image, *image["objects"][0]} <= explained


def test_every_test_of_the_judge_is_there_with_its_limit():
    shown = re.findall(r"^\| `(\w+)` \|.*\| (at (?:least|most) \S+) \|$", PAGE, re.MULTILINE)
    assert shown == [(test.name, test.bound) for test in TESTS]
