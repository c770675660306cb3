"""The pretended GPU refuses what torch refuses on a real one, and nothing else."""

import numpy as np
import pytest
import torch
from rig.pretend_device import pretended


@pytest.fixture
def gpu():
    with torch.inference_mode(), pretended("cuda") as device:
        yield device


def here() -> torch.Tensor:
    return torch.arange(6.0).view(2, 3)


MIXED = {
    "two operands": lambda there: there * here(),
    "in place": lambda there: here().add_(there),
    "a condition": lambda there: torch.where(here() > 1, there, there),
    "a list": lambda there: torch.cat([there, here()]),
    "an index of the CPU's": lambda there: here()[there > 1],
    "what is written at an index": lambda there: there.__setitem__(here() > 4, here()[0, :1]),
    "a layer": lambda there: torch.nn.Linear(3, 1)(there),
    "an output": lambda there: torch.maximum(there, there, out=here()),
}


@pytest.mark.parametrize("case", MIXED)
def test_two_devices_in_one_operation(gpu, case):
    with pytest.raises(RuntimeError, match=r"same device"):
        MIXED[case](here().to(gpu))


def test_numpy_and_generators_are_the_cpus(gpu):
    there = here().to(gpu)
    for convert in (torch.Tensor.numpy, np.asarray):
        with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
            convert(there)
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator"):
        torch.rand(2, device=gpu, generator=torch.Generator())
    assert torch.rand(2, device="cuda", generator=torch.Generator("cuda").manual_seed(1)).is_cuda


def test_what_a_gpu_takes(gpu):
    there = here().to("cuda")
    results = [there * torch.tensor(2.0), there[here() > 1], there.new_zeros(2), torch.zeros(1, device=gpu), there[0]]
    results += [torch.zeros_like(there), torch.nn.Linear(3, 1).to(gpu)(there), *there.aminmax(), here().to(there)]
    assert all(result.device == gpu for result in results)
    assert not there.cpu().is_cuda and there.tolist() == here().tolist() and float(there.max()) == 5


def test_memory_is_its_own(gpu):
    there = here().to(gpu)
    there.cpu().zero_()
    there[1:] = torch.ones(1, 3)
    assert there.add_(1).device == gpu and there.tolist() == [[1, 2, 3], [2, 2, 2]]


def test_mps_has_no_float64():
    with pretended("mps") as device, pytest.raises(TypeError, match="MPS framework doesn't support float64"):
        here().double().to(device)
