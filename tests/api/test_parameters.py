"""Each row of the table of parameters, on a running service."""

import copy
import json
from functools import cache
from io import BytesIO
from typing import Any

import api_tables
import numpy as np
import pytest
import requests
from openapi_spec_validator import validate
from PIL import Image
from rig.comfyui import ROOT
from rig.parameters import A_LINK, DOCUMENTS, NOVITA, Document, Parameter
from rig.server import ComfyServer
from rig.service import BEARER, picture, pixels, post, task_result
from rig.waiting import until

ROWS = [(document, row) for document in DOCUMENTS for row in document.rows]
FLOAT_NOISE = 2
"""Of 255: what a picture may differ by when it is made in a batch with another."""

NAMES = json.loads((ROOT / "tests" / "fixtures" / "documents.json").read_text(encoding="utf-8"))


def body(document: Document, changes: dict[str, Any]) -> dict[str, Any]:
    if not document.inside:
        return document.asked | changes
    whole = {"extra": {"response_image_type": "png"}, "request": copy.deepcopy(NOVITA.asked)}
    whole[document.inside] |= changes
    return whole


def answered(service: ComfyServer, document: Document, changes: dict[str, Any]) -> np.ndarray:
    """The first picture of the answer."""
    answer = post(service, document.path, body(document, changes))
    assert answer.status_code == 200, answer.text[:500]
    return pixels(picture_in(service, answer))


def picture_in(service: ComfyServer, answer: requests.Response) -> Image.Image:
    if answer.headers["Content-Type"].startswith("image/"):
        return Image.open(BytesIO(answer.content))
    told = answer.json()
    if "task_id" in told:
        done = until(lambda: (found := task_result(service, told["task_id"]))["images"] and found, "a picture")
        link = done["images"][0]["image_url"].removeprefix(service.url)
        return Image.open(BytesIO(service.get(link).content))
    text = told.get("image_b64") or told.get("image") or told["images"][0]["image_b64"]
    return picture(text)


@pytest.fixture(scope="module")
def reference(service):
    """The picture of a document's request with some changes, made once."""

    @cache
    def made(place: int, changes: str) -> np.ndarray:
        return answered(service, DOCUMENTS[place], json.loads(changes))

    return lambda document, changes: made(DOCUMENTS.index(document), json.dumps(changes))


def named(value: Document | Parameter) -> str:
    return value.path if isinstance(value, Document) else value.name


@pytest.mark.parametrize(("document", "row"), ROWS, ids=named)
def test_what_is_refused(service, document, row):
    answer = post(service, document.path, body(document, row.given | {row.name: row.refused}))
    assert answer.status_code == (422 if document.name.startswith("OctoAI") else 400), answer.text[:300]
    sentence = sentence_in(answer.json())
    assert row.name in sentence and limit_of(row) in sentence
    if isinstance(row.refused, (int, float, str)) and row.type not in ("base64", "base64 or URL", "URL"):
        assert str(row.refused) in sentence


def sentence_in(told: dict[str, Any]) -> str:
    """Of the one problem there is."""
    if "detail" in told:
        (problem,) = told["detail"]
        return problem["msg"]
    return told.get("error") or told["message"]


def limit_of(row: Parameter) -> str:
    if row.says or row.choices or not isinstance(row.refused, (int, float)):
        return row.says
    low = row.above if row.low is None else row.low
    limit = row.high if low is None or row.refused > low else low
    return "" if limit is None else str(limit)


@pytest.mark.parametrize(("document", "row"), ROWS, ids=named)
def test_what_is_taken_and_what_it_changes(service, reference, picture_url, document, row):
    given = row.given | {row.name: picture_url if row.accepted == A_LINK else row.accepted}
    got = answered(service, document, given)
    if row.effect == "unseen":
        return
    before = reference(document, {} if row.accepted == A_LINK else row.given)
    if row.effect == "same":
        assert got.shape == before.shape and abs(got - before).max() <= FLOAT_NOISE
    else:
        assert got.shape != before.shape or (got != before).any()


@pytest.mark.parametrize("document", [found for found in DOCUMENTS if found.asked], ids=lambda found: found.name)
def test_a_default_is_what_leaving_out_means(service, reference, document):
    defaults = {row.name: row.default for row in document.rows if row.default is not None}
    left_out = {name: value for name, value in defaults.items() if name not in document.asked}
    if document is NOVITA:
        left_out |= {"inpainting_full_res": 1, "inpainting_mask_invert": 0}
    assert (answered(service, document, left_out) == reference(document, {})).all()


def test_the_table_has_the_documents_parameters_and_no_other():
    listed = {name for names in NAMES.values() for name in names}
    for company in ("OctoAI, After Detailer", "OctoAI, ", "Segmind", "Novita"):
        rows = {row.name for found in DOCUMENTS if found.name.startswith(company) for row in found.rows if not row.own}
        names = {name for document, found in NAMES.items() if document.startswith(company) for name in found}
        assert rows == names
        listed -= names
    assert not listed


def test_the_served_document_has_the_tables_names_defaults_and_ranges(service):
    served = service.send("GET", "/afterdetail/openapi.json", headers=BEARER).json()
    validate(served)
    schemas = served["components"]["schemas"]
    seen: dict[str, set[str]] = {}
    for document in DOCUMENTS:
        content = served["paths"][document.path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        schema = resolved(schemas, content)
        if document.inside:
            schema = resolved(schemas, schema["properties"][document.inside])
        seen.setdefault(schema["title"], set()).update(row.name for row in document.rows)
        for row in document.rows:
            assert row.name in schema["properties"]
            fields = facts(schema["properties"][row.name])
            assert fields.get("default") == row.default, row.name
            assert [fields.get(key) for key in KEYS] == [row.low, row.high, row.above], row.name
            assert (row.name in schema.get("required", ())) == row.required, row.name
            if row.choices:
                assert tuple(fields["enum"]) == row.choices
    for title, names in seen.items():
        assert names == set(schemas[title]["properties"])


KEYS = ("minimum", "maximum", "exclusiveMinimum")


def resolved(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def facts(schema: dict[str, Any]) -> dict[str, Any]:
    """The keys of a schema, and those of the first of its branches."""
    first = next(iter(schema.get("anyOf", [{}])))
    return {**first, **{key: value for key, value in schema.items() if key != "anyOf"}}


def test_the_services_page_shows_the_table():
    page = (ROOT / "api" / "README.md").read_text(encoding="utf-8")
    assert api_tables.tables() in page
