import json

from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.report import DetailReport, ObjectReport
from afterdetail.detailer.selection import Selection, select
from afterdetail.detailer.settings import FitSettings, MaskSettings

BOXES = (Box(20, 20, 60, 60), Box(120, 30, 170, 90), Box(60, 130, 100, 180), Box(150, 150, 153, 153))


def regions_for(images: int = 1, pick: str = "", **selection) -> Regions:
    faces = tuple(Detection(box, 0.9, "face", Extent(*map(float, box))) for box in BOXES)
    found = Detections(200, 200, (faces,) * images, "test").numbered().noting("a mask is ignored.")
    chosen = select(found, Selection(pick=pick, sort_by=None, **selection))
    return make_regions(chosen, MaskSettings(mask_dilation=-6), FitSettings())


def test_every_object_that_was_found_is_in_the_report_under_its_number():
    report = DetailReport.of(regions := regions_for(pick="3, 1"))
    report.add(regions.items[0], [ObjectReport(regions.items[0].members[0], "inpainted")])
    (image,) = json.loads(report.as_json())["images"]
    assert (image["num_objects_detected"], image["num_objects_inpainted"]) == (4, 1)
    assert [(item["number"], item["status"], item["reason"]) for item in image["objects"]] == [
        (0, "skipped", "left out by pick"),
        (1, "inpainted", None),
        (2, "skipped", "left out by pick"),
        (3, "skipped", "mask_dilation -6 erodes its whole mask, or x/y_offset moves it out of the image"),
    ]


def test_notes_are_of_the_run_of_objects_and_of_what_was_left_alone():
    report = DetailReport.of(regions := regions_for(pick="0-1, 3"))
    report.add(regions.items[0], [ObjectReport(regions.items[0].members[0], "inpainted", notes=("its line was cut.",))])
    report.add(regions.items[1], [ObjectReport(regions.items[1].members[0], "failed", "sampling failed: no memory")])
    report.note("the seeds end early.", "a mask is ignored.")
    assert (
        json.loads(report.as_json())["notes"]
        == report.notes
        == [
            "a mask is ignored.",
            "the seeds end early.",
            "Object 0: its line was cut.",
            "Object 1: failed, sampling failed: no memory.",
            "Object 2: skipped, left out by pick.",
            "Object 3: skipped, mask_dilation -6 erodes its whole mask, or x/y_offset moves it out of the image.",
        ]
    )


def test_objects_with_one_fate_share_a_sentence():
    report = DetailReport.of(regions_for(pick="none"))
    assert report.notes[1:] == ["pick 'none' leaves out all 4 objects.", "Objects 0-3: skipped, left out by pick."]
    in_two_images = DetailReport.of(regions_for(images=2, pick="0-2"))
    assert in_two_images.notes[1] == "2 objects in 2 images: skipped, left out by pick."
    filtered = DetailReport.of(regions_for(labels="hand"))
    assert filtered.notes[-1] == "4 objects: skipped, face is not among the labels."
