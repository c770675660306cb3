"""Every sampler and scheduler of ComfyUI: an object comes out the same alone, in a batch, and without its neighbour."""

import pytest
from afterdetail.detailer.detail import detail
from afterdetail.detailer.seeds import Seeds
from rig.make import import_comfy
from rig.scenes import cell, grid_image, grid_objects, grid_regions, psnr, without

import_comfy()

from comfy.samplers import KSampler  # noqa: E402

COUNT, REMOVED, STEPS = 4, 1, 3
TABLE = [
    *((name, "normal") for name in KSampler.SAMPLERS),
    *(("euler", name) for name in KSampler.SCHEDULERS if name != "normal"),
]


@pytest.mark.parametrize(("sampler_name", "scheduler"), TABLE)
def test_alone_in_a_batch_and_without_a_neighbour(inpainter, sampler_name, scheduler):
    image, found = grid_image(COUNT), grid_objects(COUNT)

    def run(detections, batch_size):
        made = inpainter(sampler_name=sampler_name, scheduler=scheduler, batch_size=batch_size, steps=STEPS)
        done = detail(image, grid_regions(detections), made, Seeds(5))
        assert done.report.counts("inpainted") == [detections.count], done.report.notes
        return done.image

    together, one_by_one, fewer = run(found, COUNT), run(found, 1), run(without(found, REMOVED), COUNT)
    for index in range(COUNT):
        assert psnr(cell(image, index), cell(together, index)) < 80, "the object was repaired"
        assert psnr(cell(one_by_one, index), cell(together, index)) > 55, index
        if index != REMOVED:
            assert psnr(cell(fewer, index), cell(together, index)) > 55, index
