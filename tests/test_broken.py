import pytest
import torch
from rig.broken import Breakage, break_face, with_broken_face
from rig.photos import FACES, photo

FACE = FACES["astronaut"]


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.rand(200, 160, 3)


def test_the_same_seed_breaks_alike_and_another_does_not(picture):
    broken = break_face(picture, (40, 60, 100, 140), seed=7)
    assert torch.equal(broken, break_face(picture, (40, 60, 100, 140), seed=7))
    assert not torch.equal(broken, break_face(picture, (40, 60, 100, 140), seed=8))


@pytest.mark.parametrize("face", [(40, 60, 100, 140), (0, 0, 50, 60), (120, 150, 170, 220)])
def test_nothing_changes_outside_the_circle_even_at_the_edge(picture, face):
    changed = (break_face(picture, face) != picture).any(-1)
    x0, y0, x1, y1 = face
    rows, columns = torch.meshgrid(torch.arange(200), torch.arange(160), indexing="ij")
    distance = ((rows - (y0 + y1) / 2) ** 2 + (columns - (x0 + x1) / 2) ** 2).sqrt()
    assert changed.any()
    assert not changed[distance > 0.62 * max(x1 - x0, y1 - y0) + 2].any()


def test_the_given_picture_is_left_alone_and_the_other_holds_colours(picture):
    before = picture.clone()
    broken = break_face(picture, (40, 60, 100, 140), breakage=Breakage(noise=1.0, warp=0.2))
    assert torch.equal(picture, before)
    assert broken.min() >= 0
    assert broken.max() <= 1


def test_a_breakage_of_nothing_is_nearly_nothing():
    smooth = torch.linspace(0, 1, 128)[:, None, None].expand(128, 128, 3)
    gentle = Breakage(across=80, noise=0, warp=0)
    torch.testing.assert_close(break_face(smooth, (30, 30, 90, 90), breakage=gentle), smooth, atol=0.01, rtol=0)


def test_a_photo_comes_back_as_a_photo():
    before = photo("astronaut")
    broken = with_broken_face(before, FACE, seed=1)
    assert (broken.size, broken.mode) == (before.size, "RGB")
    assert broken.crop((0, 0, 100, 512)).tobytes() == before.crop((0, 0, 100, 512)).tobytes()
