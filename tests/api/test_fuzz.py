"""Requests made from the served OpenAPI document, valid and not: each is answered as the document says, never with 5xx.

Valid requests for pictures are cut to one step and one picture, for each would take a minute.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from rig.service import BEARER

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis needs Python 3.11")
checks = pytest.importorskip("schemathesis.specs.openapi.checks", reason="schemathesis needs Python 3.11")
generation = pytest.importorskip("schemathesis.generation", reason="schemathesis needs Python 3.11")

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
FEW = settings(
    max_examples=20,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def log_before(service) -> int:
    """Characters of the log before the requests of this module."""
    return len(service.log())


@pytest.fixture(scope="module")
def operations(service, log_before):
    """All of the served document, but for the document itself."""
    document = schemathesis.openapi.from_url(f"{service.url}/afterdetail/openapi.json", headers=BEARER)
    return [operation for result in document.get_all_operations() if "openapi" not in (operation := result.ok()).path]


def shortened(body, path):
    """`body` with less work in it, where it asks for valid work."""
    if not isinstance(body, dict):
        return body
    if path.startswith("/sdapi/"):  # asks for work without saying so
        return body | {"steps": 1, "batch_size": 1, "n_iter": 1, "width": 64, "height": 64}
    if not ("prompt" in body or "detector" in body):
        return body
    return body | {name: 1 for name in ("steps", "num_images") if body.get(name, 2) in range(1, 201)}


@pytest.mark.parametrize("kind", ["positive", "negative"])
def test_every_request_is_answered_as_documented(operations, kind, subtests):
    assert len(operations) >= 10
    for operation in operations:
        with subtests.test(operation.label):
            answers_as_documented(operation, kind)


def answers_as_documented(operation, kind):
    @FEW
    @given(case=operation.as_strategy(generation_mode=generation.GenerationMode(kind)))
    def answered(case):
        case.body = shortened(case.body, operation.path)
        case.call_and_validate(headers=BEARER, checks=CHECKS, timeout=120)

    answered()


def test_no_request_left_a_traceback(service, log_before):
    log = service.log()[log_before:]
    assert "Traceback" not in log and " failed: " not in log
