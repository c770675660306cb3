"""Results on their way from a graph to the request that waits."""

import numpy as np
import pytest
import torch
from afterdetail.api.handover import awaited, hand_over


def test_pictures_come_to_the_holder_of_the_ticket_as_comfyui_would_write_them():
    image = torch.rand(2, 5, 7, 3)
    with awaited(["mine", "another"]) as pictures:
        hand_over("mine", image)
        assert pictures["another"] == []
        found = np.stack([np.asarray(picture) for picture in pictures["mine"]])
    assert (found == np.clip(255.0 * image.numpy(), 0, 255).astype(np.uint8)).all()


def test_nothing_is_kept_for_nobody():
    with awaited(["mine"]):
        pass
    for ticket in ("mine", "never"):
        with pytest.raises(ValueError, match="No request waits"):
            hand_over(ticket, torch.zeros(1, 4, 4, 3))
