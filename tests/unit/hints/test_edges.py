import pytest
import torch
from afterdetail.hints.edges import canny, soft_edge


def square(side: int = 256) -> torch.Tensor:
    image = torch.full((1, side, side, 3), 0.2)
    image[:, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] = 0.8
    return image


@pytest.mark.parametrize("find", [canny, soft_edge])
def test_a_squares_outline_is_white_and_its_inside_black(find):
    edges = find(square())
    assert edges.shape == (1, 256, 256, 3) and edges.min() >= 0 and edges.max() <= 1
    assert edges[0, 62:67, 128].amax() > 0.95 and edges[0, 128, 189:194].amax() > 0.95
    assert edges[0, 100:156, 100:156].amax() < 0.01 and edges[0, :40].amax() < 0.01


def test_canny_is_thin_and_soft_edges_are_soft():
    thin, soft = canny(square())[0, 40:90, 128, 0], soft_edge(square())[0, 40:90, 128, 0]
    assert set(thin.unique().tolist()) <= {0.0, 1.0} and 1 <= thin.sum() <= 2
    assert ((soft > 0.05) & (soft < 0.95)).sum() >= 2


@pytest.mark.parametrize("find", [canny, soft_edge])
def test_a_flat_picture_has_no_edges_even_with_a_little_noise(find):
    noise = torch.rand(1, 128, 128, 3, generator=torch.Generator().manual_seed(0))
    assert find(torch.full((1, 128, 128, 3), 0.5)).amax() < 1e-4
    assert find(0.5 + 0.01 * (noise - 0.5)).mean() < 0.1


@pytest.mark.parametrize("find", [canny, soft_edge])
@pytest.mark.parametrize("size", [(1, 1), (1, 200), (7, 5), (513, 320)])
def test_any_size_is_taken(find, size):
    assert find(torch.rand(2, *size, 3)).shape == (2, *size, 3)


def test_each_picture_of_a_batch_is_for_itself():
    pair = torch.cat([square(), square().flip(0) * 0.3])
    assert torch.allclose(soft_edge(pair)[:1], soft_edge(square()))
