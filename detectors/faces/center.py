"""CenterFace (Xu et al., 2019, arXiv 1911.03599): every face is a peak in a map of centres."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torchvision.ops import nms

from ...detailer.resampling import with_all_functions
from ..mediapipe.blaze import Proposal
from ..mediapipe.graph import GraphNet
from ..weights import FOLDER

STRIDE = 4  # of the map, in pixels of the network's input
COARSEST = 32  # by which both sides of the input are divisible
SAMPLES = 2  # at least, of the picture for each pixel of the input, along each side
MAX_OVERLAP = 0.3


class CenterFace:
    """A network that takes images of any size; the smallest face it is trained for has about 10 px."""

    def __init__(self):
        self.net = GraphNet(FOLDER / "centerface.safetensors")

    def propose(self, image: torch.Tensor, side: int, confidence: float) -> list[Proposal]:
        """Faces of one [H, W, 3] image whose long side is made `side` pixels, with score >= confidence, best first.

        The key points are the eyes, the right one first, the nose and the corners of the mouth.
        """
        height, width = image.shape[:2]
        scale = side / max(height, width)
        rows, columns = max(round(height * scale), 1), max(round(width * scale), 1)
        step = max(max(height, width) // (SAMPLES * side), 1)  # of a huge picture not all pixels are read
        pixels = with_all_functions(image[::step, ::step]).movedim(-1, 0)[None].float()
        pixels = F.interpolate(pixels, (rows, columns), mode="bilinear", antialias=True) * 255
        pixels = F.pad(pixels, (0, -columns % COARSEST, 0, -rows % COARSEST)).to(next(self.net.parameters()).device)
        heat, size, offset, landmarks = (output[0].cpu() for output in self.net(pixels))
        score, points = decode(heat, size, offset, landmarks, confidence)
        points = points * torch.tensor([width / columns, height / rows])
        keep = nms(points[:, :2].flatten(1), score, MAX_OVERLAP)
        return [Proposal.of(points[i], score[i].item()) for i in keep.tolist()]


def decode(
    heat: torch.Tensor, size: torch.Tensor, offset: torch.Tensor, landmarks: torch.Tensor, confidence: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores [N], and [N, 7, 2] x, y of top left, bottom right and five key points, in pixels of the input.

    Maps: score [1, h, w]; logarithm of height and width, and offset y, x of the centre, in cells [2, h, w] each
    (section 3.2 of the paper); y, x of each key point from the top left corner, in sizes of the box [10, h, w].
    """
    y, x = (heat[0] >= confidence).nonzero().unbind(1)
    sides = size[:, y, x].exp() * STRIDE  # [2, N], height first
    centre = (torch.stack([y, x]) + offset[:, y, x] + 0.5) * STRIDE
    corner = centre - sides / 2
    marks = landmarks[:, y, x].unflatten(0, (5, 2)) * sides + corner  # [5, 2, N]
    return heat[0, y, x], torch.cat([torch.stack([corner, corner + sides]), marks]).flip(1).movedim(-1, 0)
