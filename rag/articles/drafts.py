"""From what a file says to an Article: the part that all formats share."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from rag.articles import dates
from rag.articles.debris import clean
from rag.articles.headings import headings, split_title, title_from
from rag.articles.identity import outlet_of, usable_id, usable_url
from rag.articles.lines import Line, unwrap
from rag.articles.normalisation import normalise_line
from rag.errors import ArticleError
from rag.types import Article, Removed, Span

Detect = Callable[[str], str]
"""Tells the language of a text: ISO 639-1, or ``und``."""

LARGEST = 4 << 20
"""Bytes of an article. A novel has one; hostile text takes 100 bytes of memory for each."""
_LONGEST = 300  # characters of a title or an outlet

KEYS = {
    "id": "id",
    "title": "title",
    "url": "url",
    "link": "url",
    "outlet": "outlet",
    "source": "outlet",
    "published": "published",
    "date": "published",
    "lang": "language",
    "language": "language",
}
"""What an article's metadata may be called, in front matter and in JSON."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says about its article, as it says it."""

    id: str | None = None
    title: str | None = None
    url: str | None = None
    outlet: str | None = None
    published: str | None = None
    language: str | None = None

    @classmethod
    def of(cls, mapping: dict[str, object], origin: str) -> Self:
        """Take the known keys of a mapping. Raises ArticleError where a value is no text, number or date."""
        found: dict[str, str] = {}
        for key, field in KEYS.items():
            value = mapping.get(key)
            if value is None or field in found:
                continue
            if isinstance(value, bool) or not isinstance(value, str | int | date):
                raise ArticleError("metadata_not_text", origin=origin, name=key)
            if text := normalise_line(str(value)):
                found[field] = text
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as one format holds it: normalised lines, and an id for where the metadata has none.

    ``removed`` is what the format's reader left out already.
    """

    origin: str
    lines: tuple[Line, ...]
    fallback_id: str
    metadata: Metadata = Metadata()
    removed: tuple[Removed, ...] = ()


def finish(draft: Draft, detect: Detect, today: date) -> Article:
    """Make an Article of a draft.

    Its text is paragraphs parted by one blank line, headings among them. Metadata that cannot be used (an address that
    is no web address, an unreadable date) is listed in ``removed``. Raises ArticleError where no text is left, or more
    than an article has.
    """
    if sum(len(line.text) for line in draft.lines) > LARGEST:
        raise ArticleError("article_too_large", origin=draft.origin, limit=LARGEST >> 20)
    meta = draft.metadata
    cleaned = clean(unwrap(draft.lines))
    title, lines, repeated = _titled(meta.title, cleaned.lines)
    text, spans, pages = _laid_out([line for line in lines if line.text])
    if not text:
        raise ArticleError("article_without_text", origin=draft.origin)
    language = _language(meta.language) or detect(text)
    removed = [*draft.removed, *cleaned.removed, *repeated]

    url = meta.url
    if url and not usable_url(url):
        removed.append(Removed(url, "unusable_address"))
        url = None
    url = url or (cleaned.url if cleaned.url and usable_url(cleaned.url) else None)
    published = dates.parse(meta.published, language) if meta.published else None
    if meta.published and not published:
        removed.append(Removed(meta.published, "unreadable_date"))
    inferred = None if meta.published else dates.infer(f"{title or ''}\n{text}", language, today)
    return Article(
        id=meta.id if meta.id and usable_id(meta.id) else draft.fallback_id,
        title=_shortened(title) if title else title_from(text),
        text=text,
        language=language,
        url=url,
        outlet=_shortened(meta.outlet) if meta.outlet else (outlet_of(url) if url else None),
        published=published or inferred,
        published_inferred=inferred is not None,
        headings=spans,
        removed=tuple(removed),
        origin=draft.origin,
        pages=pages,
    )


def _titled(given: str | None, lines: tuple[Line, ...]) -> tuple[str | None, tuple[Line, ...], tuple[Removed, ...]]:
    """Return the title, the lines without it, and the line that only repeats a title given."""
    if given is None:
        title, lines = split_title(lines)
        return title, lines, ()
    filled = [i for i, line in enumerate(lines) if line.text]
    if len(filled) > 1 and lines[filled[0]].text.casefold() == given.casefold():
        return given, lines[filled[0] + 1 :], (Removed(lines[filled[0]].text, "repeated_title"),)
    return given, lines, ()


def _laid_out(paragraphs: Sequence[Line]) -> tuple[str, tuple[Span, ...], tuple[int, ...]]:
    """Return the text, the headings in it, and where its pages begin."""
    spans: list[Span] = []
    pages: list[int] = []
    start = 0
    for line, heading in zip(paragraphs, headings(paragraphs), strict=True):
        if heading:
            spans.append(Span(start, start + len(line.text)))
        for offset, page in line.pages:
            pages += [start + offset] * (page - len(pages))
        start += len(line.text) + 2
    return "\n\n".join(line.text for line in paragraphs), tuple(spans), tuple(pages)


def _language(given: str | None) -> str | None:
    primary = re.split(r"[-_]", given.strip().casefold())[0] if given else ""
    return primary if re.fullmatch(r"[a-z]{2}", primary) else None


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
