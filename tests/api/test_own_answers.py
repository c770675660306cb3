"""Nothing on the service's paths is answered by somebody else, and a proxy that passes them on passes nothing more."""

import gzip
import re
import sys
from functools import partial

import brotli
import pytest
from afterdetail.api.paths import is_ours
from rig.comfyui import ROOT, comfyui_path
from rig.service import BEARER, KEY, post

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

README = (ROOT / "api" / "README.md").read_text(encoding="utf-8")
(LOCATION,) = re.findall(r"location ~ (\S+) \{", README)
PASSED_ON = re.compile(LOCATION)
"""What nginx lets through in the README's example."""
ROUTE = re.compile(r"""\.(?:get|post|put|patch|delete|route)\(\s*f?["'](/[^"']*)["']""")


def routes_of_comfyui() -> set[str]:
    """Every path in the source of the server and of what it mounts."""
    folders = ("server.py", "app/*.py", "app/**/*.py", "api_server/**/*.py", "middleware/*.py")
    files = {file for pattern in folders for file in comfyui_path().glob(pattern)}
    return {path for file in files for path in ROUTE.findall(file.read_text(encoding="utf-8"))}


def test_a_proxy_passes_on_the_services_paths_and_none_of_comfyuis():
    found = routes_of_comfyui()
    assert {"/prompt", "/queue", "/view", "/history"} <= found and len(found) > 50
    for path in found:
        for form in (path, f"/api{path}", f"/adetailer{path}", f"/v3/async{path}", f"/generate/sd{path}"):
            assert not PASSED_ON.match(form), form
        assert not is_ours(path)


def test_a_proxy_passes_on_every_route_there_is(service):
    paths = service.get("/afterdetail/openapi.json", headers=BEARER).json()["paths"]
    assert len(paths) > 6
    for path in (*paths, "/afterdetail/task-image"):
        assert PASSED_ON.match(path) and is_ours(path) and is_ours(f"/api{path}")


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("prefix", ["", "/api"])
def test_another_method_is_refused_in_the_services_form_and_to_nobody_without_a_key(service, method, prefix):
    for path, field in (("/adetailer", "detail"), ("/v1/face-detailer", "error"), ("/v3/async/inpainting", "message")):
        answer = service.send(method, prefix + path, headers=BEARER)
        assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
        assert "takes POST only" in answer.json()[field]
        assert service.send(method, prefix + path).status_code == 401


@pytest.mark.parametrize("path", ["/generate/sd3", "/adetailer/", "/v3/async/x", "/api/generate/"])
def test_a_path_that_leads_nowhere_is_refused_in_the_services_form(service, path):
    for method in ("GET", "POST"):
        answer = service.send(method, path, headers={"x-api-key": KEY})
        assert answer.status_code == 404 and "There is no route" in answer.json()["detail"]


def test_comfyuis_own_paths_are_left_to_it(service):
    assert service.send("OPTIONS", "/queue").status_code == 200
    assert service.get("/queue").status_code == 200


GARBAGE = bytes([0xFF]) * 5000
BOMB = bytes(50_000_000)
PACK = {"gzip": gzip.compress, "br": partial(brotli.compress, quality=1), "zstd": zstd.compress}
FORMS = {"/adetailer": "detail", "/v1/face-detailer": "error", "/v3/async/inpainting": "message"}


@pytest.mark.parametrize("coding", [*PACK, "BR"])
def test_a_packed_body_is_refused_in_the_services_form_whatever_is_in_it(service, coding):
    """aiohttp unpacks br and zstd by the optional packages; without them it answers before the service is asked."""
    pack = PACK[coding.lower()]
    headers = {**BEARER, "Content-Type": "application/json", "Content-Encoding": coding}
    for body in (pack(b"{}"), GARBAGE, pack(BOMB), b""):
        for path, field in FORMS.items():
            answer = service.send("POST", path, data=body, headers=headers)
            assert answer.status_code == 415 and f"packed as {coding}" in answer.json()[field]
    assert post(service, "/adetailer", {}).status_code == 422
