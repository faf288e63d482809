"""A language model behind HTTP: one request, streamed, with limits, retries and a circuit.

Every failure is one GeneratorError. The key goes into the headers of the request and nowhere else: redirects are not
followed, and what the other side says is shown without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from random import SystemRandom
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from rag.errors import GeneratorError
from rag.generators.background import written_by
from rag.generators.circuit import FAILURES, Circuit, circuit_of
from rag.generators.refusal import eased, error_text, retry_after, shown
from rag.generators.sse import MOST_BYTES, EventReader

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Generator

    import httpx

DONE = "[DONE]"
RETRIES = 2
BACKOFF = 0.5  # seconds; doubled each time, with full jitter (M. Brooker, "Exponential Backoff And Jitter")
RETRIED = {408, 429, 500, 502, 503, 504, 529}
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


class _Draft:
    """What a model writes in one try, cut where it is longer than ``room`` characters."""

    def __init__(self, write: Callable[[str], None], room: int) -> None:
        self._write = write
        self._room = room
        self.alive = False
        self.blank = True

    def add(self, piece: Piece) -> bool:
        """Return whether it is complete."""
        text = piece.text[: self._room]
        self.alive = self.alive or piece.alive
        self.blank = self.blank and not text.strip()
        self._room -= len(text)
        if text:
            self._write(text)
        return piece.ended or self._room == 0


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
            told = GeneratorError("generator_too_long", **self.endpoint.values, seconds=self.limits.total)
            raise _Failed(told) from error

    async def _tries(self, write: Callable[[str], None], path: str, body: Json, deadline: float) -> None:
        for attempt in range(RETRIES + 1):
            if self._before:
                self.endpoint = await asyncio.to_thread(self._before)
            try:
                await self._try(_Draft(write, self.limits.max_tokens * CHARACTERS_PER_TOKEN), path, body)
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
            else:
                return

    async def _try(self, draft: _Draft, path: str, body: Json) -> None:
        import httpx

        named, limits, response = self.endpoint.values, self.limits, None
        url = self.endpoint.base_url + path
        try:
            async with (
                asyncio.timeout(limits.first_token) as silence,
                httpx.AsyncClient(**self._options()) as client,
                client.stream("POST", url, json=body, headers=self._all_headers()) as response,
            ):
                await self._check(response)
                await self._read_all(response, draft, silence)
        except TimeoutError as error:
            if draft.alive:
                raise _Failed(GeneratorError("generator_silent", **named, seconds=limits.idle)) from error
            raise _Failed(GeneratorError("generator_no_token", **named, seconds=limits.first_token)) from error
        except httpx.ConnectTimeout as error:
            raise _Failed(GeneratorError("generator_connect_slow", **named, seconds=limits.connect)) from error
        except httpx.HTTPError as error:
            if response is not None:
                raise _Failed(GeneratorError("generator_broke_off", **named)) from error
            raise self._refused(error) from error

    async def _check(self, response: httpx.Response) -> None:
        """Raise what a status other than 200 means."""
        status = response.status_code
        if status == 200:
            return
        said = shown(error_text(await _bytes(response, ERROR_BYTES)), self.endpoint.key) or "-"
        named = self.endpoint.values | {"status": str(status), "text": said}
        if 300 <= status < 400:
            raise _Failed(GeneratorError("generator_redirected", **named), healthy=True)
        if status in {401, 403}:
            raise _Failed(GeneratorError("generator_key_refused", **named), healthy=True)
        if status == 404:
            raise _Failed(GeneratorError("generator_model_unknown", **named), healthy=True)
        retry, after = status in RETRIED, retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        healthy = status < 500 and not retry
        raise _Failed(GeneratorError("generator_status", **named), retry=retry, after=after, healthy=healthy)

    async def _read_all(self, response: httpx.Response, draft: _Draft, silence: asyncio.Timeout) -> None:
        """Read an answer to its end. Only what the model does ends a silence: a comment or half an event does not."""
        async for piece in self._pieces(response):
            if piece.alive:
                silence.reschedule(asyncio.get_running_loop().time() + self.limits.idle)
            if draft.add(piece):
                break
        else:
            raise _Failed(GeneratorError("generator_broke_off", **self.endpoint.values))
        if draft.blank:
            raise _Failed(GeneratorError("generator_empty", **self.endpoint.values), healthy=True)

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
                said = shown(error_text(data), self.endpoint.key)
                raise _Failed(GeneratorError("generator_reported", **self.endpoint.values, text=said))
            piece = self._read(found)
            # JSON can hold half a surrogate pair, which no UTF-8 can.
            return replace(piece, text=piece.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        except _OTHER_FORM as error:
            raise self._not_understood(error) from error

    def _not_understood(self, reason: object) -> _Failed:
        said = shown(str(reason), self.endpoint.key)
        return _Failed(GeneratorError("generator_not_understood", **self.endpoint.values, reason=said))

    def call(self, path: str, body: Json, read: Callable[[Json], T]) -> T:
        """Return what ``read`` makes of the answer of the server's root to a short request. Raises GeneratorError."""
        import httpx

        if self._before:
            self.endpoint = self._before()
        url = self.endpoint.base_url.removesuffix("/v1") + path
        options = self._options() | {"timeout": self.limits.connect}
        try:
            with httpx.Client(**options) as client:
                response = client.post(url, json=body, headers=self._all_headers())
            return read(response.raise_for_status().json())
        except httpx.HTTPStatusError as error:
            raise self._not_understood(f"HTTP status {error.response.status_code}").error from None
        except httpx.HTTPError as error:
            raise self._refused(error).error from None
        except _OTHER_FORM as error:
            raise self._not_understood(error).error from None

    def _refused(self, error: httpx.HTTPError) -> _Failed:
        import httpx

        reason = shown(str(error), self.endpoint.key) or type(error).__name__
        told = GeneratorError("generator_refused", **self.endpoint.values, reason=reason)
        return _Failed(told, retry=isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError))

    def _all_headers(self) -> dict[str, str]:
        # Only plain bytes: what is compressed could grow without bound when it is unpacked.
        return {"Accept-Encoding": "identity"} | self._headers(self.endpoint.key)

    def _options(self) -> dict[str, Any]:
        import httpx

        timeout = httpx.Timeout(None, connect=self.limits.connect)
        return {
            "verify": _tls(),
            "trust_env": not self.endpoint.is_local,
            "timeout": timeout,
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
    import httpx

    return httpx.create_ssl_context()  # reading the certificates takes some 100 ms
