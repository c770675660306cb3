"""What may be asked for at once, and what a format holds."""

from io import BytesIO

import pytest
from afterdetail.api.errors import Refused
from afterdetail.api.sizes import MAX_SIDES, require_makeable
from afterdetail.detailer.resolution import Size
from PIL import Image


@pytest.mark.parametrize("encoding", MAX_SIDES)
def test_the_longest_side_of_a_format_is_that_of_its_encoder(encoding):
    side = MAX_SIDES[encoding]
    Image.new("L", (side, 1)).save(BytesIO(), encoding)
    with pytest.raises((OSError, ValueError)):
        Image.new("L", (side + 1, 1)).save(BytesIO(), encoding)


def test_what_is_made_counts_and_not_what_was_sent():
    require_makeable("upscale", Size(1000, 1000), 4, "jpeg", 4_000_000)
    with pytest.raises(Refused, match="upscale asks for 5 pictures of 1000x1000; this server makes 4000000 pixels"):
        require_makeable("upscale", Size(1000, 1000), 5, "jpeg", 4_000_000)
    with pytest.raises(Refused, match="upscale asks for 65600x16; jpeg holds 65500 pixels a side"):
        require_makeable("upscale", Size(65_600, 16), 1, "jpeg", 4_000_000)
    require_makeable("upscale", Size(65_600, 16), 1, "png", 4_000_000)
