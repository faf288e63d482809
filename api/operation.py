"""What keeps the server in operation: health, metrics, logs, and the one place where an unforeseen error ends."""

import json
import logging
import re
import sys
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.models import Health
from api.parts import parts_of
from api.security import HEADERS
from rag.answers import Answer
from rag.errors import AskpressError, EncoderError, RequestError
from rag.generators import circuit

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
log = logging.getLogger("askpress.server")
router = APIRouter(tags=["operation"])


class Metrics:
    """Prometheus metrics. Each label has few values, whatever is asked."""

    def __init__(self, load: Callable[[], tuple[int, int]]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        running = Gauge("askpress_work_running", "Work under way in threads.", registry=self.registry)
        waiting = Gauge("askpress_work_waiting", "Work that waits for a thread.", registry=self.registry)
        running.set_function(lambda: load()[0])
        waiting.set_function(lambda: load()[1])
        route = ("method", "route")
        self._requests = Counter("askpress_requests", "Requests answered.", (*route, "status"), registry=self.registry)
        self._seconds = Histogram(
            "askpress_request_seconds", "Time to the end of a response.", route, registry=self.registry, buckets=SECONDS
        )
        self._answers = Counter("askpress_answers", "Questions answered.", ("status",), registry=self.registry)
        self._stages = Histogram(
            "askpress_stage_seconds",
            "Time of a stage of an answer.",
            ("stage",),
            registry=self.registry,
            buckets=SECONDS,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def answer(self, answer: Answer) -> None:
        self._answers.labels(answer.status).inc()
        for stage, milliseconds in answer.timings.items():
            self._stages.labels(stage).observe(milliseconds / 1000)


class Operation:
    """The outermost middleware: names the request, answers what nobody foresaw, logs and counts."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        language = problems.language_of(headers.get("accept-language", ""))
        scope.setdefault("state", {}).update(request_id=request_id, language=language)
        started, status = time.perf_counter(), problems.CLIENT_LEFT

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = MutableHeaders(scope=message)
                for name, value in {**HEADERS, "x-request-id": request_id}.items():
                    sent.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            log.exception("request failed", extra={"fields": {"request_id": request_id}})
            if status != problems.CLIENT_LEFT:
                raise  # the response has begun: only closing the connection tells the client
            await problems.response(scope, AskpressError("server_failed"))(scope, receive, sending)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "other")
        self._metrics.request(scope["method"], route, status, seconds)
        fields = {
            "request_id": scope["state"]["request_id"],
            "client": scope["state"].get("client"),
            "method": scope["method"],
            "path": scope["path"][:200],
            "status": status,
            "ms": round(1000 * seconds, 1),
        }
        log.info("request", extra={"fields": fields | scope["state"].get("logged", {})})


@router.get("/livez")
async def livez() -> Health:
    return Health(status="ok")


@router.get("/readyz", responses={503: {}})
async def readyz(request: Request) -> Health:
    parts = parts_of(request)
    if parts.stopping.is_set():
        raise RequestError("server_stopping")

    def look() -> int:
        with parts.library.engine(parts.settings.collection) as engine:
            state = engine.store.state()
            if state.encoder not in (None, engine.encoder.fingerprint):
                raise EncoderError("encoder_not_the_collections", encoder=engine.encoder.name)
            return state.generation

    try:
        generation = await parts.health.run(look)
    except AskpressError as error:
        raise RequestError(
            "server_not_ready", reason=problems.without_folders(error).said(request.state.language)
        ) from error
    return Health(status="ok", collection=parts.settings.collection, generation=generation, degraded=circuit.failing())


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    return Response(generate_latest(parts_of(request).metrics.registry), media_type=CONTENT_TYPE_LATEST)


class JsonLines(logging.Formatter):
    """One JSON object a line, without the secrets it is told of and without anything that looks like a key."""

    _KEYS = re.compile(r"(?i)\b(bearer\s+|askpress_|sk-|key=)[\w.~+/=-]{6,}")

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        line = json.dumps(told, ensure_ascii=False, default=str)
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return self._KEYS.sub(r"\1***", line)


def log_to_stderr(secrets: Collection[str]) -> None:
    """Send everything that is logged to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(secrets))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("askpress", "uvicorn"):
        logging.getLogger(name).setLevel(logging.INFO)
