"""How much one client, and all of them together, may ask of the server."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.settings import ServerSettings
from rag.errors import AskpressError, RequestError

T = TypeVar("T")
DEPTH = 32
"""Levels of nesting in a JSON body; what the models describe has four."""
CLIENTS = 10_000
"""Clients whose buckets are remembered; the others have a full one."""
LARGER = 8
"""How many times as large as another body one of articles in JSON may be."""
ARTICLES = re.compile(r"/v1/collections/[^/]+/articles(/.*)?")
# A string that never ends reaches to the end: were it no match, each of its quotes would be tried in turn.
_STRING = re.compile(rb'"(?:[^"\\]|\\.?)*+"?', re.DOTALL)
_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class Gate:
    """Runs blocking work in threads, so much at once, and lets only so much wait."""

    def __init__(self, concurrency: int, queue: int) -> None:
        self._limiter = CapacityLimiter(concurrency)
        self._concurrency, self._queue = concurrency, queue
        self._inside = 0

    @property
    def load(self) -> tuple[int, int]:
        """How much is under way, and how much waits."""
        running = min(self._inside, self._concurrency)
        return running, self._inside - running

    async def run(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns. Raises RequestError where too much is waiting."""
        if self._inside >= self._concurrency + self._queue:
            raise RequestError("server_busy", seconds=1)
        self._inside += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._inside -= 1


class Buckets:
    """A token bucket a client: ``burst`` requests at once, ``rate`` a second for long."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Raises RequestError where the client's bucket is empty."""
        now = self._clock()
        level, since = self._levels.pop(client, (float(self._burst), now))
        level = min(self._burst, level + (now - since) * self._rate)
        self._levels[client] = (max(level - 1, 0.0), now) if level >= 1 else (level, now)
        if len(self._levels) > CLIENTS:
            self._levels.popitem(last=False)
        if level < 1:
            raise RequestError("request_too_frequent", seconds=max(1, round((1 - level) / self._rate)))


class Limits:
    """Middleware: refuses what is too frequent, too large, too deep, or of a type that is not taken."""

    def __init__(self, app: ASGIApp, server: ServerSettings) -> None:
        self._app = app
        self._server = server
        self._buckets = Buckets(server.rate, server.burst)
        self._most_open = 4 * (server.concurrency + server.queue)
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/livez", "/readyz"):
            await self._app(scope, receive, send)
            return
        self._open += 1
        try:
            self._buckets.take(scope["state"]["client"])
            if self._open > self._most_open:
                raise RequestError("server_busy", seconds=1)
            await self._app(scope, await self._body(scope, receive), send)
        except AskpressError as error:
            await problems.response(scope, error)(scope, receive, send)
        finally:
            self._open -= 1

    async def _body(self, scope: Scope, receive: Receive) -> Receive:
        """Return where the application reads its body: JSON is read whole and looked at, files are only counted."""
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if (not length.isdecimal() or int(length) == 0) and "transfer-encoding" not in headers:
            return receive
        articles = ARTICLES.fullmatch(scope["path"]) is not None
        files = articles and kind == "multipart/form-data"
        limit = self._server.upload_bytes if files else self._server.body_bytes * (LARGER if articles else 1)
        if int(length) > limit:
            raise RequestError("request_too_large", limit=limit)
        counted = _counted(receive, limit, self._server.patience_seconds)
        if files:
            return counted
        if kind != "application/json":
            expected = "application/json" + (", multipart/form-data" if articles else "")
            raise RequestError("request_type_unknown", found=kind[:100] or "-", expected=expected)
        return await _whole(counted)


def _counted(receive: Receive, limit: int, patience: int) -> Receive:
    total, more = 0, True

    async def counting() -> Message:
        nonlocal total, more
        try:
            async with asyncio.timeout(patience if more else None):  # then it only waits for the client to leave
                message = await receive()
        except TimeoutError as error:
            raise RequestError("request_too_slow", seconds=patience) from error
        more = message.get("more_body", False)
        total += len(message.get("body", b""))
        if total > limit:
            raise RequestError("request_too_large", limit=limit)
        return message

    return counting


async def _whole(receive: Receive) -> Receive:
    """Read a JSON body and return a ``receive`` that hands it out, at once."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return receive
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    if depth(body) > DEPTH:
        raise RequestError("request_json_too_deep", limit=DEPTH)
    given = False

    async def handing_out() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return handing_out


def depth(body: bytes) -> int:
    """Return how deep brackets are nested in JSON, strings left out; in linear time whatever the bytes are."""
    brackets = np.frombuffer(_STRING.sub(b"", body).translate(None, _BUT_BRACKETS), np.uint8)
    steps = np.where((brackets == ord("[")) | (brackets == ord("{")), 1, -1)
    return int(np.cumsum(steps).max(initial=0))
