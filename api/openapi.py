"""The OpenAPI document of all routes, made from the models that check and answer requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .dialects.dialect import Dialect, Post, Route
from .images import MIME

Mode = Literal["validation", "serialization"]
Schemas = Mapping[Any, dict[str, Any]]
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
READ_ERRORS = (401, 500)


def document(dialects: Sequence[Dialect]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of all routes that need a key."""
    served = [(dialect, route) for dialect in dialects for route in dialect.routes if not route.public]
    models = list(dict.fromkeys(model for dialect, route in served for model in _models(dialect, route)))
    refs, definitions = models_json_schema(models, ref_template=REF)
    schemas = {model: schema for (model, _), schema in refs.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AfterDetail",
            "version": "1",
            "description": "Hosted services' own requests, served by ComfyUI and the nodes of AfterDetail.",
        },
        "paths": {route.path: {route.method.lower(): _operation(dialect, route, schemas)} for dialect, route in served},
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
        "security": [{"bearer": []}, {"key": []}],
    }


def _models(dialect: Dialect, route: Route) -> Iterator[tuple[type[BaseModel], Mode]]:
    if isinstance(route, Post):
        yield route.request, "validation"
    for model in (route.answer, dialect.failure, dialect.invalid):
        if model:
            yield model, "serialization"


def _operation(dialect: Dialect, route: Route, schemas: Schemas) -> dict[str, Any]:
    answer = {"schema": schemas[route.answer]} if route.answer else {"schema": {"type": "object"}}
    content: dict[str, Any] = {"application/json": answer}
    if isinstance(route, Post) and route.binary:
        content |= dict.fromkeys(MIME.values(), BINARY)
    operation: dict[str, Any] = {
        "summary": route.summary,
        "tags": [dialect.name],
        "operationId": route.path.strip("/").replace("/", "_").replace("-", "_").replace(".", "_"),
        "responses": {"200": {"description": "Done.", "content": content}, **_failures(dialect, route, schemas)},
    }
    if isinstance(route, Post):
        body = {"schema": schemas[route.request]}
        operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    elif route.query:
        operation["parameters"] = _parameters(route.query)
    return operation


def _parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    table = query.model_json_schema()
    required = table.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in table["properties"].items()
    ]


def _failures(dialect: Dialect, route: Route, schemas: Schemas) -> dict[str, Any]:
    statuses = (*BODY_ERRORS, 405) if isinstance(route, Post) else (*READ_ERRORS, 405, *route.failures)
    table = dict.fromkeys(statuses, dialect.failure)
    if dialect.invalid and isinstance(route, Post):
        table[422] = dialect.invalid
    return {
        str(status): {
            "description": ERRORS[status],
            "content": {"application/json": {"schema": schemas[model]}},
        }
        for status, model in table.items()
    }
