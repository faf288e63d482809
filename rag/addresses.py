"""What is new at addresses of the web: pages, other documents, and what feeds link to. Nothing is ever removed."""

import hashlib
import mimetypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from rag.articles import SUFFIXES
from rag.articles.drafts import Draft, finish
from rag.articles.feed import feed_drafts
from rag.articles.identity import id_of_content, outlet_of
from rag.articles.webpage import page_draft
from rag.changes import Comparison, Found, file_of, kept_in, readers
from rag.errors import ArticleError, FetchError
from rag.fetching import Document, Fetcher
from rag.languages import detect
from rag.protocols import Store
from rag.types import Article, Origin, Reading
from rag.uploads import Upload

_FULL = 1500  # bytes of text in an item of a feed from which on it is the article, and no summary
_PAGES = ("text/html", "application/xhtml+xml")


class AddressChanges:
    """The changes that addresses bring to a collection, an Origin after those of each."""

    def __init__(self, urls: Sequence[str], feeds: Sequence[str], store: Store, fetcher: Fetcher) -> None:
        self._urls, self._feeds, self._fetcher = urls, feeds, fetcher
        self._origins = store.origins()
        self._comparison = Comparison(store, kept_in(store), _belongs_elsewhere)
        self._done, self._total = 0, len(urls) + len(feeds)

    @property
    def fraction(self) -> float:
        """How many of the addresses were asked."""
        return self._done / self._total if self._total else 1.0

    def __iter__(self) -> Iterator[Found]:
        for url in self._feeds:
            yield from self._of_origin(url, self._of_feed)
            self._done += 1
        for url in self._urls:
            yield from self._of_origin(url, _articles)
            self._done += 1

    def _of_origin(self, url: str, read: Callable[[Document, str], Iterator[Article | Found]]) -> Iterator[Found]:
        """Yield what is new at an address, and what of it is to be remembered, where none of it failed."""
        kept = self._kept(url)
        readings: list[Reading] = []
        failed = False
        try:
            document = self._fetcher.fetch(url, kept.mark if kept else "")
            digest = f"{readers()} {hashlib.sha256(document.content).hexdigest()}" if document else ""
            if kept and digest in ("", kept.digest):
                yield from (self._comparison.judge(reading) for reading in kept.readings)
                yield replace(kept, mark=document.mark) if document else kept
                return
            assert document is not None, "only what is kept can be as it was"
            for found in read(document, url):
                if isinstance(found, Article):
                    reading, verdict = self._comparison.look(found)
                    readings.append(reading)
                    yield verdict
                else:
                    failed |= isinstance(found, ArticleError)
                    yield found
        except ArticleError as error:
            yield error
            return
        if not failed:
            yield Origin(url, document.mark, digest, tuple(readings))

    def _kept(self, url: str) -> Origin | None:
        """Return what is remembered of an address, where the collection still has what was read there."""
        kept = self._origins.get(url)
        return kept if kept and kept.digest.startswith(readers()) and self._comparison.holds(kept.readings) else None

    def _of_feed(self, document: Document, url: str) -> Iterator[Article | Found]:
        """Yield the items that a feed has in full, and what is new at the addresses of the others."""
        items = list(feed_drafts(document.content, url))
        self._total += len(items)
        for item in items:
            self._done += 1
            link = item.metadata.url if isinstance(item, Draft) else None
            if isinstance(item, ArticleError):
                yield item
            elif link is None or sum(len(line.text.encode()) for line in item.lines) > _FULL:
                try:
                    yield finish(replace(item, origin=link or item.origin), detect, _today())
                except ArticleError as error:
                    yield error
            elif not self._kept(link):  # a feed tells of an article for days
                yield from self._of_origin(link, partial(_articles, item=item))


def _articles(document: Document, url: str, item: Draft | None = None) -> Iterator[Article]:
    """Yield what a document holds, ``item`` being what a feed says of it. Raises ArticleError."""
    if document.kind in _PAGES:
        yield _page(document, url, item)
        return
    upload = Upload()
    try:
        upload.add_file(id_of_content(document.url, None, "") + _suffix(document, url), BytesIO(document.content))
        for found in upload.articles(detect):
            if isinstance(found, ArticleError):
                raise ArticleError(found.key, **found.values | {"origin": url})
            yield replace(
                found, url=found.url or document.url, outlet=found.outlet or outlet_of(document.url), origin=url
            )
    finally:
        upload.remove()


def _page(document: Document, url: str, item: Draft | None) -> Article:
    draft = page_draft(document.content, url, "-", document.charset, document.url)
    metadata = draft.metadata
    own = metadata.url if metadata.url and _host(metadata.url) == _host(document.url) else document.url
    published = metadata.published or (item.metadata.published if item else None)
    metadata = replace(metadata, url=own, published=published)
    return finish(replace(draft, fallback_id=id_of_content(own, None, ""), metadata=metadata), detect, _today())


def _today() -> date:
    return datetime.now(UTC).date()


def _suffix(document: Document, url: str) -> str:
    """Return the suffix of a kind of document. Raises FetchError where it is none that can be read."""
    named = PurePosixPath(urlsplit(document.url).path).suffix.lower()
    for suffix in (mimetypes.guess_extension(document.kind) or "", named):
        if suffix in SUFFIXES:
            return suffix
    raise FetchError("fetch_kind", origin=url, kind=document.kind or "-", known=", ".join(SUFFIXES))


def _belongs_elsewhere(kept: str, origin: str) -> bool:
    """Whether an article is not for an address to replace: another site's, one that was sent, or one of a file."""
    held = file_of(kept)
    if host := _host(held):
        return host != _host(origin)
    return not Path(held).is_absolute() or Path(held).exists()


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
