"""RSS (0.9x, 1.0, 2.0) and Atom files: each item is an article, as far as the feed gives its text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.articles.archive import local, tree
from rag.articles.blocks import blocks
from rag.articles.decoding import harmless
from rag.articles.drafts import Draft, Metadata
from rag.articles.identity import id_of_content, usable_url
from rag.articles.normalisation import normalise_line
from rag.articles.plain import load_bytes
from rag.articles.webpage import lines_of, parse
from rag.errors import ArticleError

LARGEST = 32 << 20
"""Bytes of a feed."""
_BODIES = ("encoded", "content", "description", "summary")
_DATES = ("pubDate", "published", "date", "issued", "updated")


def read_feed(path: Path, origin: str) -> Iterator[Draft | ArticleError]:
    """Yield the articles of a feed, and what is wrong with an item that cannot be read. A broken end is passed over."""
    yield from feed_drafts(load_bytes(path, origin, LARGEST), origin)


def feed_drafts(data: bytes, origin: str) -> Iterator[Draft | ArticleError]:
    """Yield what `read_feed` does of the bytes of a feed."""
    if not data.strip():
        raise ArticleError("article_empty", origin=origin)
    root = tree(data if b"\0" in data else harmless(data), origin, recover=True)
    if local(root).lower() not in ("rss", "rdf", "feed"):
        raise ArticleError("feed_unknown", origin=origin, name=local(root)[:50])
    channel = next((e for e in root if local(e) == "channel"), root)
    items = [element for element in root.iter() if local(element) in ("item", "entry")]
    if not items:
        raise ArticleError("article_without_text", origin=origin)
    language = channel.get("{http://www.w3.org/XML/1998/namespace}lang") or _text(_child(channel, "language"))
    outlet = _text(_child(channel, "title"))
    for number, item in enumerate(items, 1):
        try:
            yield _draft(item, f"{origin}:{number}", outlet, language)
        except ArticleError as error:
            yield error
        except UnicodeError as error:
            yield ArticleError("xml_invalid", origin=f"{origin}:{number}", reason=error)


def _draft(item: Any, origin: str, outlet: str | None, language: str | None) -> Draft:
    body = next((markup for name in _BODIES if (markup := _markup(_child(item, name)))), "")
    lines = lines_of(list(blocks(parse(f"<html><body>{body}</body></html>".encode(), origin, "utf-8")))) if body else ()
    title = _plain(_markup(_child(item, "title")), origin)
    url = _link(item)
    published = next((text for name in _DATES if (text := _text(_child(item, name)))), None)
    source = _child(item, "source")
    metadata = Metadata(
        title=title,
        url=url,
        outlet=_text(source) or (_text(_child(source, "title")) if source is not None else None) or outlet,
        published=published,
        language=item.get("{http://www.w3.org/XML/1998/namespace}lang") or _text(_child(item, "language")) or language,
    )
    return Draft(origin, lines, id_of_content(url, title, body), metadata)


def _child(element: Any, name: str) -> Any:
    return next((child for child in element if local(child) == name), None)


def _text(element: Any) -> str | None:
    return normalise_line(element.text or "") or None if element is not None else None


def _markup(element: Any) -> str:
    """Return the HTML in an element: as escaped text, or as the elements of XHTML."""
    if element is None:
        return ""
    if not len(element):
        return element.text or ""
    from lxml import etree

    return (element.text or "") + "".join(etree.tostring(child, encoding="unicode") for child in element)


def _plain(markup: str, origin: str) -> str | None:
    """Return the words of a title, which may hold markup."""
    if "<" not in markup and "&" not in markup:
        return normalise_line(markup) or None
    page = parse(f"<html><body>{markup}</body></html>".encode(), origin, "utf-8")
    return normalise_line(page.text_content()) or None


def _link(item: Any) -> str | None:
    """Return an item's address: RSS has it as text, Atom as an attribute, and a permanent guid is one too."""
    links = [child for child in item if local(child) == "link" and child.get("rel", "alternate") == "alternate"]
    guids = [child for child in item if local(child) in ("guid", "id")]
    found = [*(child.get("href") or child.text or "" for child in links), *(child.text or "" for child in guids)]
    return next((url for text in found if usable_url(url := text.strip())), None)
