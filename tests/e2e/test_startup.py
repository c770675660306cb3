"""What the pack adds to ComfyUI's start: little time, nothing to other packages, and no word to any other machine."""

import json
from collections.abc import Iterator

import pytest
from rig.comfyui import ROOT
from rig.registry import is_clone, unpacked_archive
from rig.server import ComfyServer
from rig.startup import import_cost

NO_NETWORK = ROOT / "tests" / "rig" / "no_network"
LIMIT = 1 / 6
"""Of what the extra nodes that come with ComfyUI cost; 0.3 s where these take 1.8."""
ARCHIVE_BYTES = 25e6
ATTEMPTS = 3  # on a busy machine even CPU time varies


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """ComfyUI with this pack as the registry hands it out, where sockets connect to this machine only."""
    pack = unpacked_archive(tmp_path_factory.mktemp("archive")) if is_clone() else ROOT
    with ComfyServer(pack=False, custom_nodes={"no_network": NO_NETWORK, "afterdetail": pack}) as server:
        yield server


def test_comfyui_starts_without_a_network_and_nobody_asks_for_one(offline):
    assert offline.object_info("AfterDetail")["python_module"].endswith("afterdetail")
    log = offline.log()
    assert "no_network watches" in log and "Import times for custom nodes" in log
    asked = [line for line in log.splitlines() if "no_network refused" in line]
    assert not [line for line in asked if "no_network/__init__.py" not in line]  # which asks in the next test


@pytest.mark.skipif(not is_clone(), reason="without git's list of files there is no archive to look at")
def test_the_registrys_archive_is_the_whole_pack(offline):
    """A file that git does not know yet is not in it."""
    nodes = json.loads((ROOT / "tests" / "e2e" / "schemas.json").read_text("utf-8"))
    assert {name for name in offline.object_info() if name.startswith("AfterDetail")} == set(nodes)
    assert offline.get("/extensions/afterdetail/docs/AfterDetail.md").text.startswith("# ")
    assert offline.get("/i18n").json()["ko"]["nodeDefs"]["AfterDetail"]
    files = [path for path in (offline.base / "custom_nodes" / "afterdetail").rglob("*") if path.is_file()]
    assert not [path for path in files if "tests" in path.parts or "benchmarks" in path.parts]
    assert sum(path.stat().st_size for path in files if "__pycache__" not in path.parts) < ARCHIVE_BYTES


def test_the_watch_refuses_other_machines(offline):
    """Otherwise the test above would pass whatever happens."""
    assert offline.get("/no_network/probe").json() == ["no_network refused 192.0.2.1", "no_network refused a.invalid"]


def test_the_import_is_short_and_brings_no_other_package():
    costs = []
    while len(costs) < ATTEMPTS and not any(cost.cpu < LIMIT * cost.comfyui for cost in costs):
        costs.append(import_cost())
    # ComfyUI logs wall time, in tenths of a second: on a busy machine not only the pack's.
    assert min(cost.cpu / cost.comfyui for cost in costs) < LIMIT, costs
    assert {"mediapipe", "ultralytics", "cv2"}.isdisjoint(costs[0].other_modules)
