import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from afterdetail.detailer import planes
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


@pytest.fixture
def on_disk(monkeypatch, tmp_path) -> list[np.memmap]:
    """What was put on disk, on a machine with next to no free memory."""
    made, real = [], planes._on_disk
    monkeypatch.setattr(planes, "LARGE", 1)
    monkeypatch.setattr(planes, "_free_memory", lambda: 100)
    monkeypatch.setattr(planes, "FOLDER", str(tmp_path))
    monkeypatch.setattr(planes, "_on_disk", lambda count: made.append(real(count)) or made[-1])
    return made


def test_what_would_take_most_of_the_free_memory_lies_on_disk_with_the_same_bits(on_disk, tmp_path):
    image = torch.randn(2, 5, 7, 3)
    picture, mask, small = copied(image), zeros((2, 5, 7)), zeros((3, 4))
    mask[1, 2] = 0.5
    assert torch.equal(picture, image) and mask.sum() == 3.5 and not small.any()
    assert [len(memory) for memory in on_disk] == [840, 280] and all(isinstance(m, np.memmap) for m in on_disk)
    assert np.shares_memory(picture.numpy(), on_disk[0]) and np.shares_memory(mask.numpy(), on_disk[1])
    assert not list(tmp_path.iterdir()), "nothing is left where the process ends"


def test_where_no_disk_takes_it_it_lies_in_memory_and_that_is_said(on_disk, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(planes, "FOLDER", str(tmp_path / "gone"))
    with caplog.at_level(logging.WARNING, "afterdetail"):
        assert not zeros((2, 50, 70)).any()
    assert not on_disk and "gone" in caplog.text


def test_enough_memory_is_used(monkeypatch):
    monkeypatch.setattr(planes, "LARGE", 1)
    monkeypatch.setattr(planes, "_on_disk", lambda count: pytest.fail("it went to disk"))
    assert zeros((2, 3, 4)).sum() == 0


def test_the_folder_is_there():
    assert planes.FOLDER is None or Path(planes.FOLDER).is_dir()
