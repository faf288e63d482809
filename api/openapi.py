"""The description of the API in OpenAPI 3.1, with every status that an operation can answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from api.models import ArticlesRequest, ProblemDetails
from api.problems import MEDIA_TYPE
from api.security import PUBLIC

if TYPE_CHECKING:
    from fastapi import FastAPI

ALWAYS = (421, 429, 500, 503)
WITH_TOKEN = (401, 403)
WITH_BODY = (400, 413, 415, 422)
EVENTS = {
    "ask": 'event: sources\ndata: {"sources": [...]}\n\nevent: claim\ndata: {"claim": {...}, "citations": [...]}\n\n'
    'event: answer\ndata: {"id": "...", "status": "answered", ...}\n\n',
    "add_articles": 'event: progress\ndata: {"status": "running", "stage": "embed", "fraction": 0.5, ...}\n\n'
    'event: report\ndata: {"status": "done", "report": {...}, ...}\n\n',
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = schema["components"]["schemas"]
    for model in (ProblemDetails, ArticlesRequest):
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= made.pop("$defs", {})
        schemas[made["title"]] = made
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            _complete(operation, path)
    app.openapi_schema = schema
    return schema


def _complete(operation: dict[str, Any], path: str) -> None:
    responses = operation["responses"]
    statuses = {*ALWAYS, *(int(code) for code in responses if int(code) >= 400)}
    if path not in PUBLIC:
        statuses.update(WITH_TOKEN)
        operation["security"] = [{}, {"token": []}]
    if "requestBody" in operation:
        statuses.update(WITH_BODY)
    for status in sorted(statuses):
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    if example := EVENTS.get(operation["operationId"]):
        success = next(code for code in responses if code in ("200", "201"))
        responses[success]["content"]["text/event-stream"] = {"schema": {"type": "string"}, "example": example}
