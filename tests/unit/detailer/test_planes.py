import pytest
import torch
from afterdetail.detailer.planes import copied, zeros


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_copy_has_the_same_bits_in_memory_of_its_own(dtype):
    image = torch.randn(2, 5, 7, 4).to(dtype)
    image[0, 0, 0, 0] = -0.0
    for given in (image, image.movedim(1, 2), image[:, ::2]):
        made = copied(given)
        assert made.dtype == dtype and made.shape == given.shape
        assert torch.equal(made.contiguous().view(torch.uint8), given.contiguous().view(torch.uint8))
        before = given.clone()
        made.fill_(1)
        assert torch.equal(given, before)


def test_zeros():
    made = zeros((2, 3, 4))
    assert made.shape == (2, 3, 4) and made.dtype == torch.float32 and not made.any()
    made += 1
    assert made.sum() == 24
