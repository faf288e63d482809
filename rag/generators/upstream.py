"""A language model behind HTTP: one request, streamed, with limits, retries and a circuit.

Every failure is one GeneratorError. The key goes into the headers of the request and nowhere else: redirects are not
followed, and what the other side says is shown without it.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from random import SystemRandom
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from rag.errors import GeneratorError
from rag.generators.background import written_by
from rag.generators.circuit import FAILURES, Circuit, circuit_of
from rag.generators.refusal import eased, error_text, retry_after, shown
from rag.generators.sse import MOST_BYTES, EventReader

DONE = "[DONE]"
RETRIES = 2
BACKOFF = 0.5  # seconds; doubled each time, with full jitter (M. Brooker, "Exponential Backoff And Jitter")
RETRIED = {408, 429, 500, 502, 503, 504, 529}
REFUSALS = {401: "generator_key_refused", 403: "generator_key_refused", 404: "generator_model_unknown"}
ERROR_BYTES = 1 << 14
CHARACTERS_PER_TOKEN = 8
"""No model writes longer tokens on average; what comes beyond this is an upstream that ignores ``max_tokens``."""

Json = Mapping[str, Any]
T = TypeVar("T")
_OTHER_FORM = (ValueError, RecursionError, LookupError, TypeError, AttributeError)  # what reading the wrong JSON raises


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that each part of an answer may take, and the longest answer, in tokens."""

    connect: float = 5.0
    first_token: float = 60.0
    idle: float = 20.0
    total: float = 120.0
    max_tokens: int = 400


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers. ``provider`` is how the names of its settings begin: ``openai`` in ``openai_base_url``."""

    base_url: str
    model: str
    provider: str
    key: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where no proxy may come between."""
        name = urlsplit(self.base_url).hostname or ""
        with contextlib.suppress(ValueError):
            return ip_address(name).is_loopback
        return name == "localhost"

    @property
    def values(self) -> dict[str, str]:
        """What a message says of it."""
        return {"model": self.model, "host": self.host, "provider": self.provider}


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event brought: text of the answer, a sign that the model is at work (it thinks), or the end."""

    text: str = ""
    alive: bool = False
    ended: bool = False


class _Failed(Exception):
    """A try failed. ``retry`` where another is safe, ``after`` so many seconds; ``healthy`` where the server works."""

    def __init__(
        self, error: GeneratorError, *, retry: bool = False, after: float | None = None, healthy: bool = False
    ) -> None:
        super().__init__(error.key)
        self.error, self.retry, self.after, self.healthy = error, retry, after, healthy


class Upstream:
    """Streams what a model writes. Thread-safe.

    ``read`` turns the JSON of an event, or of an answer in one piece, into a Piece; it may raise LookupError, TypeError
    or AttributeError where that has another form. ``before`` is called before each request, in another thread than the
    caller's, and returns where the model answers now.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        limits: Limits,
        headers: Callable[[str | None], dict[str, str]],
        read: Callable[[Json], Piece],
        before: Callable[[], Endpoint] | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.limits = limits
        self._headers = headers
        self._read = read
        self._before = before
        self._circuit = circuit or circuit_of(endpoint.base_url, endpoint.model)

    def stream(self, path: str, body: Json) -> Generator[str, None, None]:
        """Yield the text that the model writes, and "" at least twice a second while it writes none.

        Raises GeneratorError. Closing the iterator closes the connection.
        """
        if wait := self._circuit.admit():
            raise GeneratorError("generator_circuit_open", **self.endpoint.values, failures=FAILURES, seconds=wait)
        healthy: bool | None = None
        try:
            yield from written_by(lambda write: self._ask(write, path, body))
            healthy = True
        except _Failed as failed:
            healthy = failed.healthy
            raise failed.error from None  # the cause may repeat what the server sent, and that may be the key
        finally:
            self._circuit.settle(healthy)

    async def _ask(self, write: Callable[[str], None], path: str, body: Json) -> None:
        try:
            async with asyncio.timeout(self.limits.total) as total:
                await self._tries(write, path, body, total.when() or 0.0)
        except TimeoutError as error:
            raise self._failed("generator_too_long", seconds=self.limits.total) from error

    async def _tries(self, write: Callable[[str], None], path: str, body: Json, deadline: float) -> None:
        for attempt in range(RETRIES + 1):
            if self._before:
                self.endpoint = await asyncio.to_thread(self._before)
            try:
                return await self._try(write, path, body)
            except _Failed as failed:
                wait = SystemRandom().uniform(0, BACKOFF * 2**attempt) if failed.after is None else failed.after
                easier = eased(body, failed.error.values)
                if easier != body:
                    body, wait = easier, 0.0
                elif not failed.retry:
                    raise
                if attempt == RETRIES or asyncio.get_running_loop().time() + wait >= deadline:
                    raise
            await asyncio.sleep(wait)
        return None

    async def _try(self, write: Callable[[str], None], path: str, body: Json) -> None:
        """Ask once. Only what the model does ends a silence: a comment or half an event does not."""
        limits, now = self.limits, asyncio.get_running_loop().time
        room, alive, blank, response = limits.max_tokens * CHARACTERS_PER_TOKEN, False, True, None
        try:
            async with (
                asyncio.timeout(limits.first_token) as silence,
                httpx.AsyncClient(**self._options()) as client,
                client.stream("POST", self.endpoint.base_url + path, json=body) as response,
            ):
                await self._check(response)
                async for piece in self._pieces(response):
                    if piece.alive:
                        alive = True
                        silence.reschedule(now() + limits.idle)
                    if text := piece.text[:room]:
                        write(text)
                    room, blank = room - len(text), blank and not text.strip()
                    if piece.ended or not room:
                        break
                else:
                    raise self._failed("generator_broke_off")
                if blank:
                    raise self._failed("generator_empty", healthy=True)
        except TimeoutError as error:
            key, seconds = ("generator_silent", limits.idle) if alive else ("generator_no_token", limits.first_token)
            raise self._failed(key, seconds=seconds) from error
        except httpx.ConnectTimeout as error:
            raise self._failed("generator_connect_slow", seconds=limits.connect) from error
        except httpx.HTTPError as error:
            raise (self._failed("generator_broke_off") if response is not None else self._refused(error)) from error

    async def _check(self, response: httpx.Response) -> None:
        """Raise what a status other than 200 means."""
        status = response.status_code
        if status == 200:
            return
        said = shown(error_text(await _bytes(response, ERROR_BYTES)), self.endpoint.key) or "-"
        told: dict[str, Any] = {"status": str(status), "text": said}
        if key := "generator_redirected" if 300 <= status < 400 else REFUSALS.get(status):
            raise self._failed(key, healthy=True, **told)
        retry, after = status in RETRIED, retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        healthy = status < 500 and not retry
        raise self._failed("generator_status", retry=retry, after=after, healthy=healthy, **told)

    async def _pieces(self, response: httpx.Response) -> AsyncIterator[Piece]:
        kind = response.headers.get("content-type", "-").partition(";")[0].strip().lower()
        if kind == "application/json":  # the whole answer, though a stream was asked for
            yield replace(self._piece(await _bytes(response, MOST_BYTES)), ended=True)
            return
        if kind != "text/event-stream":
            raise self._not_understood(kind)
        reader = EventReader()
        async for chunk in response.aiter_raw():
            try:
                events = list(reader.feed(chunk))
            except ValueError as error:
                raise self._not_understood(error) from error
            for data in events:
                yield Piece(ended=True) if data == DONE else self._piece(data)

    def _piece(self, data: str | bytes) -> Piece:
        try:
            found = json.loads(data)
            if found.get("error"):
                raise self._failed("generator_reported", text=shown(error_text(data), self.endpoint.key))
            piece = self._read(found)
            # JSON can hold half a surrogate pair, which no UTF-8 can.
            return replace(piece, text=piece.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        except _OTHER_FORM as error:
            raise self._not_understood(error) from error

    def call(self, path: str, body: Json, read: Callable[[Json], T]) -> T:
        """Return what ``read`` makes of the answer of the server's root to a short request. Raises GeneratorError."""
        if self._before:
            self.endpoint = self._before()
        url = self.endpoint.base_url.removesuffix("/v1") + path
        try:
            with httpx.Client(**self._options() | {"timeout": self.limits.connect}) as client:
                return read(client.post(url, json=body).raise_for_status().json())
        except httpx.HTTPStatusError as error:
            raise self._not_understood(f"HTTP status {error.response.status_code}").error from None
        except httpx.HTTPError as error:
            raise self._refused(error).error from None
        except _OTHER_FORM as error:
            raise self._not_understood(error).error from None

    def _failed(
        self, key: str, *, retry: bool = False, after: float | None = None, healthy: bool = False, **values: object
    ) -> _Failed:
        error = GeneratorError(key, **self.endpoint.values, **values)
        return _Failed(error, retry=retry, after=after, healthy=healthy)

    def _not_understood(self, reason: object) -> _Failed:
        return self._failed("generator_not_understood", reason=shown(str(reason), self.endpoint.key))

    def _refused(self, error: httpx.HTTPError) -> _Failed:
        retry = isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError)
        reason = shown(str(error), self.endpoint.key) or type(error).__name__
        return self._failed("generator_refused", retry=retry, reason=reason)

    def _options(self) -> dict[str, Any]:
        return {
            # Only plain bytes: what is compressed could grow without bound when it is unpacked.
            "headers": {"Accept-Encoding": "identity"} | self._headers(self.endpoint.key),
            "verify": _tls(),
            "trust_env": not self.endpoint.is_local,
            "timeout": httpx.Timeout(None, connect=self.limits.connect),
            "follow_redirects": False,
        }


async def _bytes(response: httpx.Response, most: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            break
    return bytes(body[:most])


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # reading the certificates takes some 100 ms
