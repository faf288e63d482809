"""EPUB books and magazines: each document of the spine that has enough text is an article."""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rag.articles.archive import MEMBERS, Archive, local, opened
from rag.articles.blocks import blocks
from rag.articles.drafts import Draft, Metadata
from rag.articles.identity import id_of_content
from rag.articles.normalisation import normalise_line
from rag.articles.webpage import lines_of, parse
from rag.errors import ArticleError

_LEAST = 200  # bytes of text that an article has; what has less is a cover, a title page or a table of contents


def read_epub(path: Path, origin: str) -> Iterator[Draft | ArticleError]:
    """Yield the articles of a book, and what is wrong with a document that cannot be read."""
    with opened(path, origin) as archive:
        if b"EncryptedData" in archive.read("META-INF/encryption.xml"):
            raise ArticleError("document_encrypted", origin=origin)
        package, folder = _package(archive, origin)
        told = {local(element): normalise_line(element.text or "") for element in reversed(list(package.iter()))}
        found = False
        spine = _spine(package, folder)
        if len(spine) > MEMBERS:
            raise ArticleError("document_bomb", origin=origin)
        for number, name in enumerate(spine, 1):
            draft: Draft | ArticleError | None
            try:
                draft = _draft(archive.read(name), f"{origin}:{number}", told)
            except ArticleError as error:
                draft = error
            if draft is not None:
                found = True
                yield draft
    if not found:
        raise ArticleError("article_without_text", origin=origin)


def _package(archive: Archive, origin: str) -> tuple[Any, str]:
    """Return the package document and the folder that its references start from."""
    container = archive.tree("META-INF/container.xml")
    root = next((e for e in ([] if container is None else container.iter()) if local(e) == "rootfile"), None)
    name = root.get("full-path", "") if root is not None else ""
    package = archive.tree(name)
    if package is None:
        raise ArticleError("document_damaged", origin=origin)
    return package, posixpath.dirname(name)


def _spine(package: Any, folder: str) -> list[str]:
    """Return the names of the documents in the order of reading."""
    items = {e.get("id"): e for e in package.iter() if local(e) == "item"}
    order = [items.get(e.get("idref")) for e in package.iter() if local(e) == "itemref"]
    wanted = [item for item in order if item is not None and "html" in item.get("media-type", "")]
    wanted = [item for item in wanted if "nav" not in item.get("properties", "").split()]
    names = (posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "")))) for item in wanted)
    return list(dict.fromkeys(names))


def _draft(data: bytes, origin: str, told: dict[str, str]) -> Draft | None:
    if not data:
        raise ArticleError("document_damaged", origin=origin)
    page = parse(data, origin)
    body = page.find("body")
    lines = lines_of(list(blocks(page if body is None else body)))
    text = "\n".join(line.text for line in lines)
    if len(text.encode()) < _LEAST:
        return None
    book = told.get("title", "")
    metadata = Metadata(outlet=book or None, published=told.get("date") or None, language=told.get("language"))
    return Draft(origin, lines, id_of_content(None, book, text), metadata)
