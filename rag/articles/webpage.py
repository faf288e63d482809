"""Web pages saved from a browser, one article a file."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from rag.articles.blocks import HEADINGS, Block
from rag.articles.boilerplate import is_dateline, part
from rag.articles.decoding import decode, harmless
from rag.articles.drafts import Draft
from rag.articles.identity import id_of_path
from rag.articles.lines import Line
from rag.articles.page_metadata import metadata_of, saved_from
from rag.articles.plain import load_bytes
from rag.errors import ArticleError
from rag.types import Removed

LARGEST = 32 << 20
"""Bytes of a page, with the pictures that a browser may have saved in it."""
_LARGEST_MARKUP = 8 << 20  # bytes of a page without them
_ELEMENTS = 50_000  # of a page; trafilatura takes more than linear time on many (measured: 4 s for 100,000 paragraphs)
_SIGNS = 8  # "<" for each element: two for its tags, the rest in comments and scripts
_PICTURES = re.compile(rb"data:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+")
_DECLARED = re.compile(rb"<meta\b[^<>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_HEADING = 100  # characters; what is longer and marked as a heading is a lead
_TOLD = 40  # bytes of a block that was taken out from which on it is listed: prose, no label of a menu
_LISTED = 100  # blocks that are listed


def read_page(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of a web page."""
    yield page_draft(load_bytes(path, origin, LARGEST), origin, id_of_path(PurePosixPath(origin)))


def page_draft(
    data: bytes, origin: str, fallback_id: str, charset: str | None = None, address: str | None = None
) -> Draft:
    """Return the article of a page. ``charset`` and ``address`` are what is known from outside of it.

    Raises ArticleError where it is too large, or no text.
    """
    page = parse(data, origin, charset)
    metadata = metadata_of(page, address or saved_from(data))
    parted = part(page, metadata.title)
    title = (
        parted.headline if parted.headline and (metadata.title or "").startswith(parted.headline) else metadata.title
    )
    printed = (block.text for block in parted.between if is_dateline(block))
    published = metadata.published or next(printed, None)
    return Draft(
        origin,
        lines_of(parted.article),
        fallback_id,
        replace(metadata, title=title, published=published),
        _listed(parted.removed, title),
    )


def parse(data: bytes, origin: str, charset: str | None = None) -> Any:
    """Return the root element of a page. Raises ArticleError."""
    from lxml import etree, html

    declared = _DECLARED.search(data, 0, 4096)
    text = decode(_PICTURES.sub(b"", data), origin, charset or (declared[1].decode() if declared else None))
    markup = harmless(text.encode())
    if len(markup) > _LARGEST_MARKUP:
        raise ArticleError("article_too_large", origin=origin, limit=_LARGEST_MARKUP >> 20)
    if markup.count(b"<") > _SIGNS * _ELEMENTS:  # before any of them takes memory
        raise ArticleError("page_elements", origin=origin, limit=_ELEMENTS)
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        page = html.document_fromstring(markup, parser=parser)
    except etree.LxmlError as error:
        raise ArticleError("article_without_text", origin=origin) from error
    if sum(1 for _ in page.iter()) > _ELEMENTS:
        raise ArticleError("page_elements", origin=origin, limit=_ELEMENTS)
    return page


def lines_of(found: Sequence[Block]) -> tuple[Line, ...]:
    """Return blocks as lines, parted by blank ones; the cells of a row stand on one line, where each is one block."""
    times = Counter(block.element for block in found)
    lines: list[Line] = []
    row = None
    for block in found:
        element = block.element
        parent = element.getparent() if element.tag in ("td", "th") and times[element] == 1 else None
        if parent is not None and parent is row:
            lines[-2] = Line(f"{lines[-2].text} | {block.text}")
            continue
        row = parent
        heading = element.tag in HEADINGS and len(block.text) <= _HEADING
        lines += [Line(block.text, HEADINGS.index(element.tag) + 1 if heading else 0), Line("")]
    return tuple(lines)


def _listed(removed: Sequence[Removed], title: str | None) -> tuple[Removed, ...]:
    """Leave out the labels of menus: nobody looks for them."""
    told = dict.fromkeys(item for item in removed if len(item.text.encode()) >= _TOLD and item.text != title)
    return tuple(told)[:_LISTED]
