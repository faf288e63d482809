"""Word documents (ECMA-376), one article a file, as they stand when all changes are accepted."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from rag.articles.archive import local, opened
from rag.articles.drafts import Draft, Metadata
from rag.articles.identity import id_of_path
from rag.articles.lines import Line
from rag.articles.normalisation import normalise_line
from rag.articles.office import Markup, lines_of
from rag.errors import ArticleError

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"(?:heading|title)\s*(\d?)", re.IGNORECASE)


def read_docx(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of a Word document."""
    with opened(path, origin) as archive:
        document = archive.tree("word/document.xml")
        if document is None:
            raise ArticleError("document_damaged", origin=origin)
        lines = tuple(lines_of(document, _markup(archive.tree("word/styles.xml"))))
        metadata = titled(archive.tree("docProps/core.xml"), lines)
    yield Draft(origin, lines, id_of_path(PurePosixPath(origin)), metadata)


def titled(properties: Any, lines: tuple[Line, ...]) -> Metadata:
    """Take the language that a document's properties tell, and the title if the document shows it: others are old.

    When a document was made is not when its article was published.
    """
    told: dict[str, str] = {}
    for element in [] if properties is None else properties.iter():
        told.setdefault(local(element), normalise_line(element.text or ""))
    title = told.get("title", "")
    return Metadata(
        title=title if title and title in {line.text for line in lines} else None, language=told.get("language")
    )


def _markup(styles: Any) -> Markup:
    levels: dict[str, int] = {}
    for style in (
        [] if styles is None else styles.iter(f"{_W}style")
    ):  # ids are in the program's language, names are not
        match = _HEADING.fullmatch(
            style.find(f"{_W}name").get(f"{_W}val", "") if style.find(f"{_W}name") is not None else ""
        )
        if match:
            levels[style.get(f"{_W}styleId", "")] = max(1, min(int(match[1] or 1), 6))

    def level(paragraph: Any) -> int:
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return 0 if style is None else levels.get(style.get(f"{_W}val", ""), 0)

    return Markup(
        paragraphs=frozenset({"p"}),
        row="tr",
        cell="tc",
        texts=frozenset({"t"}),
        signs={"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"},
        gone=frozenset({"del", "moveFrom", "txbxContent", "Fallback", "pict", "drawing", "pPr", "rPr"}),
        level=level,
    )
