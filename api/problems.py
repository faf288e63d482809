"""Errors as RFC 9457 problem details: the one place where an error becomes a status."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse
from starlette.routing import Match
from starlette.types import Scope

from rag import errors
from rag.messages import LANGUAGES
from rag.types import as_json

MEDIA_TYPE = "application/problem+json"
CLIENT_LEFT = 499  # as nginx writes it into its log; nobody receives it

_KEYS: Mapping[int, tuple[str, ...]] = {
    400: ("request_json_malformed", "request_malformed"),
    401: ("request_token_missing",),
    403: ("request_origin_foreign", "request_role_missing"),
    404: ("answer_not_found", "job_not_found", "request_path_unknown"),
    405: ("request_method_unknown",),
    408: ("request_too_slow",),
    409: ("collection_is_default", "encoder_not_the_collections", "id_taken"),
    413: ("request_too_large",),
    415: ("request_type_unknown",),
    421: ("request_host_unknown",),
    429: ("request_too_frequent",),
    503: ("server_busy", "server_not_ready", "server_stopping"),
}
BY_KEY = {key: status for status, keys in _KEYS.items() for key in keys}
BY_CLASS: Mapping[type[errors.AskpressError], int] = {
    errors.ArticleError: 422,
    errors.ArticleNotFound: 404,
    errors.CollectionNotFound: 404,
    errors.EncoderError: 503,
    errors.GeneratorError: 502,
    errors.StorageFull: 507,
    errors.StoreBusy: 503,
    errors.UsageError: 422,
}
OPENAI_PATHS = frozenset({"/v1/models", "/v1/chat/completions"})
"""Here clients of OpenAI's understand its errors alone."""
RETRY_SECONDS = 5  # where the error does not say when to come back


def status_of(error: errors.AskpressError) -> int:
    by_class = next((BY_CLASS[kind] for kind in type(error).__mro__ if kind in BY_CLASS), 500)
    return BY_KEY.get(error.key, by_class)


def without_folders(error: errors.AskpressError) -> errors.AskpressError:
    """Return an error that names files and no folders: those say more of this machine than a client has to know."""
    values = {name: value.name if isinstance(value, Path) else value for name, value in error.values.items()}
    return type(error)(error.key, **values)


def details(scope: Scope, error: errors.AskpressError) -> dict[str, Any]:
    """Return an error as the members of a problem, in the language of the request."""
    error = without_folders(error)
    status, state, values = status_of(error), scope.get("state", {}), error.values
    told = {
        "type": f"/problems/{error.key}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.said(state.get("language", "en")),
        "instance": state.get("request_id", ""),
    }
    extra = {
        name: as_json(values[name], state.get("language", "en")) for name in ("errors", "failures") if name in values
    }
    return told | extra


def response(scope: Scope, error: errors.AskpressError) -> JSONResponse:
    told = details(scope, error)
    headers = {"Content-Language": scope.get("state", {}).get("language", "en")}
    if told["status"] in (429, 503):
        seconds: Any = error.values.get("seconds", RETRY_SECONDS)
        headers["Retry-After"] = str(max(1, int(seconds)))
    if told["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if "allowed" in error.values:
        headers["Allow"] = str(error.values["allowed"])
    if scope["path"] in OPENAI_PATHS:
        return JSONResponse(*for_openai(told), headers)
    return JSONResponse(told, told["status"], headers, media_type=MEDIA_TYPE)


def for_openai(told: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a problem as OpenAI's clients know errors, and the status that they expect with it.

    https://platform.openai.com/docs/guides/error-codes
    """
    code = told["type"].rpartition("/")[2]
    status = 404 if code == "model_not_offered" else 400 if told["status"] == 422 else told["status"]
    kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    param = told["errors"][0]["pointer"].removeprefix("#/body/") if "errors" in told else None
    return {"error": {"message": told["detail"], "type": kind, "param": param, "code": code}}, status


def language_of(header: str) -> str:
    """Return the one of our languages that an Accept-Language header prefers, else English."""
    wanted = []
    for part in header.split(",")[:20]:
        match = re.fullmatch(r"\s*([a-zA-Z]{2})[a-zA-Z0-9-]*\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*", part)
        if match and match[1].lower() in LANGUAGES:
            wanted.append((-float(match[2] or 1), match[1].lower()))
    return min(wanted, default=(0.0, "en"), key=lambda pair: pair[0])[1]


def install(app: FastAPI) -> None:
    """Have every error that a route or the framework raises answered with a problem."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    app.add_exception_handler(errors.AskpressError, lambda request, error: response(request.scope, error))
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)


def _http(request: Request, error: Any) -> JSONResponse:
    path, method = request.url.path[:200], request.method
    if error.status_code == HTTPStatus.NOT_FOUND:
        told = errors.RequestError("request_path_unknown", path=path)
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        told = errors.RequestError("request_method_unknown", path=path, method=method, allowed=_methods(request))
    else:
        told = errors.RequestError("request_malformed", reason=error.detail)
    return response(request.scope, told)


def _methods(request: Request) -> str:
    """Return the methods that a path takes; the framework names those of the first route alone."""
    routes, methods = request.app.routes, ("DELETE", "GET", "POST", "PUT")
    scopes = ((method, {**request.scope, "method": method}) for method in methods)
    return ", ".join(method for method, s in scopes if any(route.matches(s)[0] is Match.FULL for route in routes))


def _invalid(request: Request, error: Any) -> JSONResponse:
    found = error.errors()
    if found[0]["type"] == "json_invalid":
        return response(request.scope, errors.RequestError("request_json_malformed", reason=found[0]["ctx"]["error"]))
    # What was sent is not repeated: it may hold a secret.
    invalid = [{"pointer": "/".join(["#", *map(str, item["loc"])]), "detail": item["msg"]} for item in found]
    first = invalid[0]
    told = errors.RequestError("request_invalid", where=first["pointer"], reason=first["detail"], errors=invalid)
    return response(request.scope, told)
