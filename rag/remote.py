"""A running server, asked over HTTP where an engine and a store would be asked here; the one module that does so.

The token goes into the headers of requests to that server and nowhere else: no redirect is followed, no proxy used.
"""

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from functools import cached_property
from itertools import count
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from rag.answers import Answer, AnswerReady, ClaimMade, Event, Found, SourcesFound, TokenWritten, Waiting
from rag.errors import AskpressError, CollectionNotFound, ServerError, UsageError
from rag.generators.sse import EventReader
from rag.messages import interface_language
from rag.settings import Settings
from rag.types import Article, ArticleSummary, Filters, Turn

T = TypeVar("T")
CONNECT_SECONDS, SILENCE_SECONDS = 5.0, 60.0  # a server that is at work says so every ten seconds
LOOK_SECONDS = 0.5
PAGE = 1000
USAGE = (400, 413, 422)
"""Statuses that say that what was asked cannot be asked."""
_EVENTS: dict[str, type[ClaimMade | SourcesFound | TokenWritten]] = {
    "claim": ClaimMade,
    "sources": SourcesFound,
    "text": TokenWritten,
}
"""What data is of, by a member that it has; an answer has a question."""


class Remote(AbstractContextManager["Remote"]):
    """The collection that the settings name, behind the server that they name.

    What raises errors raises those of the server, in the user's language, and ServerError where it does not answer.
    """

    notices = ()

    def __init__(self, settings: Settings) -> None:
        self.server = settings.server or ""
        self._settings = settings
        headers = {"Accept-Language": interface_language(settings.interface)}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token.revealed()}"
        # Reading the certificates takes some 100 ms; the other context trusts none.
        secure = self.server.startswith("https:")
        self._client = httpx.Client(
            base_url=self.server,
            headers=headers,
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
            verify=httpx.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
        )

    @cached_property
    def collection(self) -> str:
        """The one that the settings name, else the one that the server has for its own."""
        named = "collection" in self._settings.chosen
        return self._settings.collection if named else self._got(str, "/v1/about", "collection")

    def stream(
        self,
        question: str,
        *,
        language: str | None = None,
        filters: Filters = Filters(),  # noqa: B008 - frozen
        history: Sequence[Turn] = (),
    ) -> Iterator[Event]:
        """Yield the answer as it comes into being; AnswerReady is last."""
        turns = [asdict(turn) for turn in history]
        body = self._question(question, language, filters) | {"history": turns, "stream": True}
        if "model" in self._settings.chosen:
            body["model"] = self._settings.model
        before = time.monotonic()
        for event in self._events("/v1/ask", body):
            if time.monotonic() - before > LOOK_SECONDS:
                yield Waiting()
            yield event
            if isinstance(event, AnswerReady):
                return
            before = time.monotonic()
        raise ServerError("server_gone", server=self.server, reason="-")

    def search(
        self,
        question: str,
        *,
        language: str | None = None,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> tuple[Found, ...]:
        """Return the best passages."""
        body = self._question(question, language, filters)
        return self._got(tuple[Found, ...], "/v1/search", "passages", json=body)

    def articles(self, filters: Filters = Filters()) -> Iterator[ArticleSummary]:  # noqa: B008 - frozen
        """Yield the articles, newest first."""
        for offset in count(0, PAGE):
            asked = {**_filters(filters), "limit": PAGE, "offset": offset}
            articles = self._got(tuple[ArticleSummary, ...], self._address(), "articles", params=asked)
            yield from articles
            if len(articles) < PAGE:
                return

    def article(self, article_id: str) -> Article:
        return self._got(Article, f"{self._address()}/{quote(article_id)}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def _address(self) -> str:
        return f"/v1/collections/{self.collection}/articles"

    def _question(self, question: str, language: str | None, filters: Filters) -> dict[str, Any]:
        body: dict[str, Any] = {"query": question, "collection": self.collection, "filters": _filters(filters)}
        body["language"] = language
        for name in ("top_k", "latest"):
            if name in self._settings.chosen:
                body[name] = getattr(self._settings, name)
        return body

    def _got(self, kind: type[T], path: str, member: str = "", **sent: Any) -> T:
        """Return the record at a path, or a member of it, got by GET, or by POST where JSON is sent."""
        with self._asking("POST" if "json" in sent else "GET", path, **sent) as response:
            found = json.loads(response.read())
            return self._made(kind, found[member] if member else found)

    def _events(self, path: str, body: Any) -> Iterator[Event]:
        reader = EventReader()
        with self._asking("POST", path, json=body) as response:
            for chunk in response.iter_bytes():
                yield from (self._event(json.loads(data)) for data in reader.feed(chunk))

    def _event(self, data: dict[str, Any]) -> Event:
        """Return what data tells. Raises the error that it tells."""
        if "question" in data:
            return AnswerReady(self._made(Answer, data))
        kind = next((kind for member, kind in _EVENTS.items() if member in data), None)
        if kind is None:
            raise self._error(data, data["status"])
        return self._made(kind, data)

    @contextmanager
    def _asking(self, method: str, path: str, **sent: Any) -> Iterator[httpx.Response]:
        """Ask the server, and hand out its response where it is no error."""
        status = 0
        try:
            with self._client.stream(method, path, **sent) as response:
                status = response.status_code
                if not response.is_success:
                    raise self._error(json.loads(response.read()), status)
                yield response
        except httpx.HTTPError as error:
            raise ServerError("server_gone", server=self.server, reason=error) from error
        except (ValueError, LookupError, TypeError) as error:  # what reading something else than our JSON raises
            raise ServerError("server_not_ours", server=self.server, status=status) from error

    def _made(self, kind: type[T], data: Any) -> T:
        """Return a record of a kind from its JSON."""
        try:
            return TypeAdapter(kind).validate_python(data)
        except ValidationError as error:
            raise ServerError("server_not_ours", server=self.server, status=200) from error

    def _error(self, told: Mapping[str, Any], status: object) -> AskpressError:
        """Return a problem that the server told as the error that it was there."""
        key, detail = str(told["type"]).rpartition("/")[2], told["detail"]
        if status == 401:
            return ServerError("server_wants_token", server=self.server)
        if key == "collection_unknown":
            held = self._got(tuple[dict[str, Any], ...], "/v1/collections", "collections")
            known = ", ".join(one["name"] for one in held) or "-"
            return CollectionNotFound("collection_not_found", name=self.collection, known=known)
        kind = UsageError if status in USAGE else AskpressError
        return kind("server_said", detail=detail)


def _filters(filters: Filters) -> dict[str, Any]:
    lists = {"source": list(filters.sources), "language": list(filters.languages)}
    given: dict[str, Any] = {"since": filters.since, "until": filters.until, **lists}
    return {name: value for name, value in given.items() if value}
