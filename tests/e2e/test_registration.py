"""What a running ComfyUI knows of the pack."""

import json
from pathlib import Path

import pytest
from rig.comfyui import is_older
from rig.server import ComfyServer

SNAPSHOT = Path(__file__).with_name("schemas.json")

# Their options come from ComfyUI's version and the user's files.
OPEN_ENDED = {"detector", "sampler_name", "scheduler", "style_preset"}


def schemas(comfy: ComfyServer) -> dict:
    """Every input of every node, in order: what saved workflows rely on."""
    return {
        node_id: {
            "display_name": info["display_name"],
            "inputs": [
                [name, group, kind_of(name, kind), {key: value for key, value in options.items() if key in KEPT}]
                for group in ("required", "optional")
                for name, (kind, options) in ordered(info, group)
            ],
            "outputs": [list(pair) for pair in zip(info["output"], info["output_name"], strict=True)],
            "output_node": info["output_node"],
        }
        for node_id, info in comfy.object_info().items()
        if info["python_module"].endswith("afterdetail")
    }


KEPT = {"default", "min", "max", "step", "multiline", "advanced", "options"} - {"options"}


def ordered(info: dict, group: str):
    inputs = info["input"].get(group, {})
    return [(name, (*inputs[name], {})[:2]) for name in info["input_order"].get(group, [])]


def kind_of(name: str, kind: object) -> object:
    return "COMBO" if name in OPEN_ENDED else kind


def test_the_schemas_are_those_that_saved_workflows_rely_on(comfy):
    """When this fails for a good reason, delete the snapshot and run again; a removed or moved input is none."""
    found = schemas(comfy)
    if not SNAPSHOT.exists():
        SNAPSHOT.write_text(json.dumps(found, indent=1) + "\n")
        pytest.fail(f"{SNAPSHOT.name} was not there and has been written: look at it, commit it, run again")
    assert found == json.loads(SNAPSHOT.read_text())


def test_every_input_and_node_is_explained(comfy):
    for node_id, info in comfy.object_info().items():
        if not info["python_module"].endswith("afterdetail"):
            continue
        assert info["description"], node_id
        for group in ("required", "optional"):
            for name, (kind, options) in ordered(info, group):
                own_socket = isinstance(kind, str) and kind.startswith("AFTERDETAIL_")
                assert own_socket or options.get("tooltip"), f"{node_id}.{name}"


def test_the_log_is_clean(comfy):
    log = comfy.log()
    log = log[: log.index("Starting server")]
    if is_older():  # its own nodes may lack packages
        log = "\n".join(line for line in log.splitlines() if "afterdetail" in line)
    for trouble in ("IMPORT FAILED", "Error while calling comfy_entrypoint", "Traceback", "DEPRECATION WARNING"):
        assert trouble not in log, log


def test_the_http_service_is_off_unless_it_is_turned_on(comfy):
    for path in (
        "/adetailer",
        "/generate/sdxl",
        "/v1/face-detailer",
        "/v3/async/inpainting",
        "/afterdetail/openapi.json",
    ):
        assert comfy.send("POST", path, json={}).status_code in (404, 405)
        assert comfy.send("GET", path).status_code == 404
