"""Requests made from the served OpenAPI document, valid and not: each is answered as the document says, never with 5xx.

Valid requests for pictures are cut to one step and one picture, for each would take a minute.
"""

import pytest
from hypothesis import HealthCheck, Phase, settings
from rig.service import BEARER

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis needs Python 3.11")
checks = pytest.importorskip("schemathesis.specs.openapi.checks", reason="schemathesis needs Python 3.11")

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def document(service):
    return schemathesis.openapi.from_url(f"{service.url}/afterdetail/openapi.json", headers=BEARER)


schema = schemathesis.pytest.from_fixture("document")


def shortened(body):
    """`body` with less work in it, where it asks for valid work."""
    if not isinstance(body, dict) or not ("prompt" in body or "detector" in body):
        return body
    return body | {name: 1 for name in ("steps", "num_images") if body.get(name, 2) in range(1, 201)}


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_request_is_answered_as_documented(case):
    case.body = shortened(case.body)
    case.call_and_validate(headers=BEARER, checks=CHECKS, timeout=120)


def test_no_request_left_a_traceback(service):
    log = service.log()
    assert "Traceback" not in log and " failed: " not in log
