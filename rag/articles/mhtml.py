"""Web pages that a browser saved with all that belongs to them in one file (RFC 2557)."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rag.articles.drafts import Draft
from rag.articles.identity import id_of_path, usable_url
from rag.articles.mail import header, message_of, payload
from rag.articles.webpage import page_draft
from rag.errors import ArticleError


def read_mhtml(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of the page; when the file was saved is not when the article was published."""
    message, parts = message_of(path, origin)
    page = next((part for part in parts if part.get_content_type() in ("text/html", "application/xhtml+xml")), None)
    if page is None:
        raise ArticleError("article_without_text", origin=origin)
    data, charset = payload(page)
    address = header(message, "Snapshot-Content-Location") or header(page, "Content-Location")
    yield page_draft(data, origin, id_of_path(PurePosixPath(origin)), charset, address if usable_url(address) else None)
