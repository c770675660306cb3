"""Photos turned about a face, as a camera that was held askew takes them."""

import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.resampling import sampled
from afterdetail.detailer.turn import Turned

GREY = 0.5


def tilted(image: torch.Tensor, degrees: float, side: int, about: Box | None = None) -> torch.Tensor:
    """A [side, side, 3] picture of an [H, W, 3] image turned clockwise, grey around it.

    Its middle is that of the box `about`, else that of the image.
    """
    height, width = image.shape[:2]
    middle = about or Box.of_size(width, height)
    x0, y0 = (middle.x0 + middle.x1 - side) // 2, (middle.y0 + middle.y1 - side) // 2
    x, y = Turned(Box(x0, y0, x0 + side, y0 + side), -degrees).grid(Size(side, side))
    outside = (x < 0) | (x > width) | (y < 0) | (y > height)
    return torch.where(outside[..., None], GREY, sampled(image, x, y, step=1, turn=0))
