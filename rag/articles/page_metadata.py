"""What a web page says about its article: in JSON-LD, then in Open Graph and its kin, then in its own elements.

The date is the one of publication, never of a change.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from rag.articles.drafts import Metadata
from rag.articles.identity import usable_url
from rag.articles.normalisation import normalise_line

_ARTICLE = re.compile(r"(?:Article|Posting|Report|NewsMedia)$")
_LARGEST = 1 << 20  # characters of a page's JSON-LD that are read
_RECORDS = 1000  # of them
_PUBLISHED = (
    "article:published_time", "og:article:published_time", "og:release_date", "datepublished", "date", "pubdate",
    "publishdate", "publish-date", "parsely-pub-date", "sailthru.date", "dc.date", "dc.date.issued", "dcterms.created",
    "dcterms.issued",
)  # fmt: skip
# What Chromium, Internet Explorer and SingleFile write at the head of a page that they save.
_SAVED_FROM = re.compile(
    rb"<!--(?:\s*saved from url=\(\d+\)|\s*Page saved with SingleFile\s+url:\s*)(https?://[^\s<>]+)"
)


def saved_from(data: bytes) -> str | None:
    """Return the address that a browser noted at the head of a page when it was saved."""
    match = _SAVED_FROM.search(data, 0, 4096)
    return match[1].decode("ascii", "ignore") if match else None


def metadata_of(page: Any, address: str | None = None) -> Metadata:
    """Return what a page says of its article; ``address`` is where it was saved from, where that is known."""
    told = _structured(page)
    meta = _meta(page)
    outlet = meta.get("og:site_name") or _name(told.get("publisher")) or meta.get("source")  # as Chinese sites have it
    return Metadata(
        title=_title(page, told, meta, outlet),
        url=_address(page, told, meta, address),
        outlet=outlet,
        published=_said(told.get("datePublished")) or next((meta[key] for key in _PUBLISHED if key in meta), None)
        or _marked_date(page),
        language=_name(told.get("inLanguage")) or meta.get("og:locale") or meta.get("inlanguage")
        or _said(page.get("lang")) or meta.get("content-language"),
    )  # fmt: skip


def _title(page: Any, told: dict[str, Any], meta: dict[str, str], outlet: str | None) -> str | None:
    headings = [text for h in page.iter("h1") if (text := normalise_line(h.text_content())) and text != outlet]
    title = (
        _said(told.get("headline")) or meta.get("og:title") or (headings[0] if len(headings) == 1 else None)
        or _said(page.findtext(".//title"))
    )  # fmt: skip
    if title and outlet:
        title = re.sub(rf"\s*[-–—|_·]\s*{re.escape(outlet)}$", "", title) or title
    return title


def _address(page: Any, told: dict[str, Any], meta: dict[str, str], address: str | None) -> str | None:
    canonical = next(
        (link.get("href") for link in page.iter("link") if link.get("rel", "").lower() == "canonical"), None
    )
    main = told.get("mainEntityOfPage")
    for given in (canonical, meta.get("og:url"), told.get("url"), main.get("@id") if isinstance(main, dict) else main):
        if isinstance(given, str) and given.strip():
            try:
                found = urljoin(address or "", given.strip())
            except ValueError:
                continue
            if usable_url(found):
                return found
    return address


def _marked_date(page: Any) -> str | None:
    """The day of the first element that gives one for machines."""
    marked = (e.get("content") or e.get("datetime") for e in page.iter() if e.get("itemprop") == "datePublished")
    timed = (e.get("datetime") for e in page.iter("time"))
    return next((said for value in (*marked, *timed) if (said := _said(value))), None)


def _meta(page: Any) -> dict[str, str]:
    """Return the first value of each ``meta`` element, by its name in lower case."""
    found: dict[str, str] = {}
    for element in page.iter("meta"):
        name = next((v for key in ("property", "name", "itemprop", "http-equiv") if (v := element.get(key))), "")
        if name and (said := _said(element.get("content"))):
            found.setdefault(name.strip().lower(), said)
    return found


def _structured(page: Any) -> dict[str, Any]:
    """Return the first JSON-LD record of a page that describes an article."""
    scripts = (s.text for s in page.iter("script") if s.get("type", "").strip().lower() == "application/ld+json")
    left = _LARGEST
    for text in scripts:
        left -= len(text or "")
        if left < 0:
            break
        try:
            record = json.loads(text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        for found in _records(record):
            kinds = found.get("@type")
            if any(
                isinstance(kind, str) and _ARTICLE.search(kind)
                for kind in (kinds if isinstance(kinds, list) else [kinds])
            ):
                return found
    return {}


def _records(record: Any) -> Iterator[dict[str, Any]]:
    waiting = [record]
    for _ in range(_RECORDS):
        if not waiting:
            return
        found = waiting.pop(0)
        if isinstance(found, list):
            waiting[:0] = found[:_RECORDS]
        elif isinstance(found, dict):
            yield found
            waiting.append(found.get("@graph"))


def _name(value: Any) -> str | None:
    """The name of a person, an organisation or a language, which may be given as a record, a list or a word."""
    if isinstance(value, list):
        value = value[0] if value else None
    return _said(value.get("name") or value.get("alternateName") if isinstance(value, dict) else value)


def _said(value: Any) -> str | None:
    return normalise_line(value[:10_000]) or None if isinstance(value, str) else None
