"""OpenDocument texts (ISO/IEC 26300), one article a file."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from rag.articles.archive import local, opened
from rag.articles.docx import titled
from rag.articles.drafts import Draft
from rag.articles.identity import id_of_path
from rag.articles.office import Markup, lines_of
from rag.errors import ArticleError

_LEVEL = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}outline-level"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}style-name"


def read_odt(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of an OpenDocument text."""
    with opened(path, origin) as archive:
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise ArticleError("document_encrypted", origin=origin)
        document = archive.tree("content.xml")
        if document is None:
            raise ArticleError("document_damaged", origin=origin)
        lines = tuple(lines_of(document, _MARKUP))
        metadata = titled(archive.tree("meta.xml"), lines)
    yield Draft(origin, lines, id_of_path(PurePosixPath(origin)), metadata)


def _level(paragraph: Any) -> int:
    if local(paragraph) == "h":
        given = paragraph.get(_LEVEL, "1")
        return max(1, min(int(given), 6)) if given.isascii() and given.isdigit() and len(given) < 3 else 1
    return 1 if paragraph.get(_STYLE) == "Title" else 0


_MARKUP = Markup(
    paragraphs=frozenset({"p", "h"}),
    row="table-row",
    cell="table-cell",
    texts=None,
    signs={"s": " ", "tab": " ", "line-break": "\n"},
    gone=frozenset({"note", "annotation", "tracked-changes", "frame", "sequence-decls", "ruby-text"}),
    level=_level,
)
