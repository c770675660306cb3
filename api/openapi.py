"""The OpenAPI document of all routes, made from the models that check and answer requests."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from . import novita, octoai, segmind
from .images import MIME

REF = "#/components/schemas/{model}"
BINARY = {"schema": {"type": "string", "format": "binary"}}
ERRORS = {
    400: "The request cannot be used.",
    401: "No key, or a wrong one.",
    404: "There is no such task.",
    405: "Another method.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "The request cannot be used.",
    429: "Too many requests of this key are in work; Retry-After says when to try again.",
    500: "The server failed.",
    503: "The job was taken off the queue.",
    504: "The job took too long.",
}
BODY_ERRORS = (400, 401, 408, 413, 415, 429, 500, 503, 504)


class Operation(NamedTuple):
    path: str
    summary: str
    tag: str
    request: type[BaseModel] | None
    answer: type[BaseModel] | None
    failure: type[BaseModel]
    invalid: type[BaseModel] | None = None
    binary: bool = False

    @property
    def method(self) -> str:
        return "post" if self.request else "get"


OPERATIONS = (
    Operation(
        "/adetailer", "Repair faces or hands", "OctoAI", octoai.ADetailerRequest, octoai.ADetailerAnswer,
        octoai.Failure, octoai.Complaints,
    ),
    *(
        Operation(
            f"/generate/{engine}", what, "OctoAI", octoai.GenerateRequest, octoai.GenerateAnswer,
            octoai.Failure, octoai.Complaints,
        )
        for engine, what in (
            ("sdxl", "Make pictures with SDXL"),
            ("sd", "Make pictures with SD 1.5"),
            ("controlnet-sdxl", "Make pictures with SDXL along another"),
        )
    ),
    Operation(
        "/v1/face-detailer", "Repair faces", "Segmind", segmind.FaceDetailerRequest, segmind.FaceDetailerAnswer,
        segmind.Failure, binary=True,
    ),
    Operation(
        "/v3/async/inpainting", "Start to repaint the white part of a mask", "Novita", novita.InpaintingRequest,
        novita.TaskAccepted, novita.Failure,
    ),
    Operation("/v3/async/task-result", "How a task stands", "Novita", None, novita.TaskResult, novita.Failure),
    Operation("/afterdetail/openapi.json", "This document", "AfterDetail", None, None, octoai.Failure),
)  # fmt: skip


def document() -> dict[str, Any]:
    models = [
        (model, "validation" if model is item.request else "serialization")
        for item in OPERATIONS
        for model in (item.request, item.answer, item.failure, item.invalid)
        if model
    ]
    refs, definitions = models_json_schema(list(dict.fromkeys(models)), ref_template=REF)  # type: ignore[arg-type]
    by_model = {model: schema for (model, _), schema in refs.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AfterDetail",
            "version": "1",
            "description": "Hosted services' own requests, served by ComfyUI and the nodes of AfterDetail.",
        },
        "paths": {item.path: {item.method: _operation(item, by_model)} for item in OPERATIONS},
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
        "security": [{"bearer": []}, {"key": []}],
    }


def _operation(item: Operation, by_model: dict[Any, Any]) -> dict[str, Any]:
    answer = {"schema": by_model[item.answer]} if item.answer else {"schema": {"type": "object"}}
    content: dict[str, Any] = {"application/json": answer}
    if item.binary:
        content |= dict.fromkeys(MIME.values(), BINARY)
    operation: dict[str, Any] = {
        "summary": item.summary,
        "tags": [item.tag],
        "operationId": item.path.strip("/").replace("/", "_").replace("-", "_").replace(".", "_"),
        "responses": {"200": {"description": "Done.", "content": content}, **_failures(item, by_model)},
    }
    if item.request:
        body = {"schema": by_model[item.request]}
        operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    if item.path.endswith("task-result"):
        task_id = {"type": "string", "minLength": 1}
        operation["parameters"] = [{"name": "task_id", "in": "query", "required": True, "schema": task_id}]
    return operation


def _failures(item: Operation, by_model: dict[Any, Any]) -> dict[str, Any]:
    statuses = [*(BODY_ERRORS if item.request else (401, 500)), 405]
    if item.path.endswith("task-result"):
        statuses.append(404)
    table = dict.fromkeys(statuses, item.failure) | ({422: item.invalid} if item.invalid else {})
    return {
        str(status): {
            "description": ERRORS[status],
            "content": {"application/json": {"schema": by_model[model]}},
        }
        for status, model in table.items()
    }
