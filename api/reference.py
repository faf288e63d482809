"""``/docs``: the description of the API as a page, without scripts and without anything from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse

router = APIRouter(include_in_schema=False)
STYLE = "/docs/reference.css"


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    return HTMLResponse(page(request.app.openapi()))


@router.get(STYLE)
async def docs_style() -> FileResponse:
    return FileResponse(Path(__file__).with_suffix(".css"), media_type="text/css")


def page(described: Mapping[str, Any]) -> str:
    """Return the page for a description in OpenAPI 3.1."""
    info = described["info"]
    head = f'<meta charset="utf-8"><title>{escape(info["title"])}</title><link rel="stylesheet" href="{STYLE}">'
    head += '<meta name="viewport" content="width=device-width">'
    operations = [
        (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    index = "".join(
        f'<li><a href="#{operation["operationId"]}"><b>{method}</b> {escape(path)}</a></li>'
        for method, path, operation in operations
    )
    body = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['summary'])}</p>",
        f'<p><a href="/openapi.json">/openapi.json</a></p><nav><ul>{index}</ul></nav>',
        *(part for operation in operations for part in _operation(*operation)),
        "<h2>Records</h2>",
        *(_details(name, schema, name) for name, schema in described["components"]["schemas"].items()),
    ]
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main>{"".join(body)}</main></body></html>'


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<section id="{operation["operationId"]}"><h2><b>{method}</b> {escape(path)}</h2>'
    yield from (f"<p>{escape(text)}</p>" for text in operation.get("description", "").split("\n\n") if text)
    if "parameters" in operation:
        rows = (
            f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{escape(one.get('description', ''))}</tr>"
            for one in operation["parameters"]
        )
        yield f"<table>{''.join(rows)}</table>"
    yield from _contents("Request", operation.get("requestBody", {}))
    for status, response in sorted(operation["responses"].items()):
        yield from _contents(f"{status} {response['description']}", response)
    yield "</section>"


def _contents(label: str, holder: Mapping[str, Any]) -> Iterator[str]:
    for media_type, content in holder.get("content", {}).items():
        yield f"<p><b>{escape(label)}</b> <code>{escape(media_type)}</code> {_record(content['schema'])}</p>"
        for event in (kind["properties"] for kind in content["schema"].get("oneOf", ())):
            name = escape(event["event"]["const"])
            yield f"<p class=event><code>event: {name}</code> {_record(event['data']['contentSchema'])}</p>"
        if "example" in content:
            yield _details("Example", content["example"])


def _record(schema: Mapping[str, Any]) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f'<a href="#{name}">{name}</a>' if name else ""


def _details(summary: str, content: Any, anchor: str = "") -> str:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)
    named = f' id="{escape(anchor)}"' if anchor else ""
    return f"<details{named}><summary>{escape(summary)}</summary><pre>{escape(text)}</pre></details>"
