"""What the pack adds to ComfyUI's start: little time, nothing to other packages, and no word to any other machine."""

from collections.abc import Iterator

import pytest
from rig.comfyui import ROOT
from rig.server import ComfyServer
from rig.startup import import_cost

NO_NETWORK = ROOT / "tests" / "rig" / "no_network"
LIMIT_SECONDS = 0.3
ATTEMPTS = 3  # on a busy machine even CPU time varies


@pytest.fixture(scope="module")
def offline() -> Iterator[ComfyServer]:
    """ComfyUI with this pack, where sockets connect to this machine only."""
    with ComfyServer(custom_nodes={"no_network": NO_NETWORK}) as server:
        yield server


def test_comfyui_starts_without_a_network_and_nobody_asks_for_one(offline):
    assert offline.object_info("AfterDetail")["python_module"].endswith("afterdetail")
    log = offline.log()
    assert "no_network watches" in log and "Import times for custom nodes" in log
    asked = [line for line in log.splitlines() if "no_network refused" in line]
    assert not [line for line in asked if "no_network/__init__.py" not in line]  # which asks in the next test


def test_the_watch_refuses_other_machines(offline):
    """Otherwise the test above would pass whatever happens."""
    assert offline.get("/no_network/probe").json() == ["no_network refused 192.0.2.1", "no_network refused a.invalid"]


def test_the_import_is_short_and_brings_no_other_package():
    costs = []
    while len(costs) < ATTEMPTS and not any(cost.cpu < LIMIT_SECONDS for cost in costs):
        costs.append(import_cost())
    # ComfyUI logs wall time, in tenths of a second: on a busy machine not only the pack's.
    assert min(cost.cpu for cost in costs) < LIMIT_SECONDS
    assert {"mediapipe", "ultralytics", "cv2"}.isdisjoint(costs[0].other_modules)
