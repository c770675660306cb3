import re
from pathlib import Path

import pytest
from afterdetail.api.dialects.a1111.samplers import SAMPLERS, sampler
from afterdetail.api.dialects.octoai.samplers import DOCUMENTED

README = Path(__file__).parents[3] / "workflows" / "README.md"
NAMES = (
    "PNDM LMS KLMS DDIM DDPM HEUN K_HEUN K_EULER K_EULER_ANCESTRAL DPM_SOLVER_MULTISTEP DPM_PLUS_PLUS_2M_KARRAS "
    "DPM_SINGLE DPM_2 DPM_2_ANCESTRAL DPM_PLUS_PLUS_SDE_KARRAS UNI_PC LCM"
)


def test_all_names_are_there_and_no_two_are_the_same():
    assert list(DOCUMENTED) == NAMES.split()
    assert len({(sampler.sampler_name, sampler.scheduler) for sampler in DOCUMENTED.values()}) == len(DOCUMENTED)


def test_the_readme_lists_them():
    rows = re.findall(r"^\| ([A-Z_0-9]+) \| (\w+) \| (\w+) \| (.*?) ?\|$", README.read_text(encoding="utf-8"), re.M)
    assert rows == [(name, *sampler) for name, sampler in DOCUMENTED.items()]


@pytest.mark.parametrize("unsaid", ["Automatic", "automatic", "Use same scheduler", "USE SAME SCHEDULER"])
def test_a_schedule_that_says_nothing_is_the_samplers_own(unsaid):
    assert sampler("dpm++ 2m", unsaid) == SAMPLERS["DPM++ 2M"]
    assert sampler("LMS Karras", unsaid).scheduler == "karras"
