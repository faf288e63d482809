"""The description of the API in OpenAPI 3.1, with every status of an operation and every event of a stream."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from api.chat import OpenAIError
from api.models import ArticlesRequest, ProblemDetails
from api.problems import MEDIA_TYPE, OPENAI_PATHS
from api.security import PUBLIC
from rag.answers import ClaimMade, SourcesFound, TokenWritten

EXAMPLES = Path(__file__).with_name("examples.json")
"""For each operation the body of a request, and bodies of responses: what a server with the seed articles answered."""
ALWAYS = (421, 429, 500, 503)
WITH_TOKEN = (401, 403)
WITH_BODY = (400, 408, 413, 415, 422)
EVENTS: dict[str, dict[str, str]] = {
    "ask": {
        "sources": "SourcesFound",
        "token": "TokenWritten",
        "claim": "ClaimMade",
        "answer": "KeptAnswer",
        "error": "Problem",
    },
    "add_articles": {"progress": "JobInfo", "report": "JobInfo", "error": "Problem"},
    "create_chat_completion": {},  # its events have no names, and end with [DONE]
}
"""The events of a stream, with the record that each has for its data."""
TEXTS = {"get_answer": ("text/markdown", "text/html"), "metrics": ("text/plain",)}
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


def describe(app: FastAPI, question_length: int) -> dict[str, Any]:
    """Return the description, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = schema["components"]["schemas"]
    for model in (ProblemDetails, ArticlesRequest, OpenAIError, SourcesFound, TokenWritten, ClaimMade):
        made = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}")
        schemas |= made.pop("$defs", {})
        schemas[made["title"]] = made
    for name in ("AskRequest", "SearchRequest"):
        schemas[name]["properties"]["query"]["maxLength"] = question_length
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            _complete(operation, path)
            _exemplify(operation, examples.get(operation["operationId"], {}))
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
    media_type, title = MEDIA_TYPE, "Problem"
    if path in OPENAI_PATHS:  # where 400 stands for 422
        media_type, title = "application/json", OpenAIError.__name__
        responses.pop("422", None)
        statuses.discard(422)
    for status in sorted(statuses):
        content = {media_type: {"schema": _ref(title)}}
        response = responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
        if status in (429, 503):
            response["headers"] = RETRY_AFTER
    name = operation["operationId"]
    success = next(said for code, said in responses.items() if code in ("200", "201", "204"))
    for text in TEXTS.get(name, ()):
        success.setdefault("content", {})[text] = {"schema": {"type": "string"}}
    if name in EVENTS:
        streamed = responses.setdefault("200", {"description": "Events", "content": {}})
        streamed["content"]["text/event-stream"] = {"schema": _event_schema(EVENTS[name])}


def _event_schema(events: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema of one event, as OpenAPI 3.2 has it, section 4.14.4."""
    if not events:
        return {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
    kinds = [
        {
            "type": "object",
            "properties": {
                "event": {"const": event},
                "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": _ref(title)},
            },
            "required": ["event", "data"],
        }
        for event, title in events.items()
    ]
    return {"oneOf": kinds}


def _exemplify(operation: dict[str, Any], found: Mapping[str, Any]) -> None:
    """Show what was asked and answered once."""
    if "request" in found:
        operation["requestBody"]["content"]["application/json"]["example"] = found["request"]
    for status, bodies in found.get("responses", {}).items():
        for media_type, body in bodies.items():
            operation["responses"][status]["content"][media_type]["example"] = body


def _ref(title: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{title}"}
