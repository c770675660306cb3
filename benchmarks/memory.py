"""Peak memory beyond the input image, the output image and its mask, at 4096 px with 64 objects."""

from __future__ import annotations

import resource

import torch
from scenes import nano_inpainter, regions

SIZE, COUNT = 4096, 64


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    from afterdetail.detailer.detail import detail
    from afterdetail.detailer.seeds import Seeds

    inpainter = nano_inpainter()
    with torch.inference_mode():
        detail(torch.rand(1, 1024, 1024, 3), regions(8, 1024), inpainter, Seeds())
        image = torch.rand(1, SIZE, SIZE, 3)
        results = (image.clone(), torch.zeros(1, SIZE, SIZE))  # what any run has to allocate
        before = peak_mb()
        del results
        detail(image, regions(COUNT, SIZE), inpainter, Seeds())
    print(f"{peak_mb() - before:.0f} MB for {COUNT} objects of 512 px in an image of {SIZE} px.")


if __name__ == "__main__":
    main()
