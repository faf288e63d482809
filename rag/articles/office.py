"""The documents of word processors, one article a file: Word (ECMA-376) and OpenDocument (ISO/IEC 26300).

They are paragraphs of runs, and tables of cells of paragraphs, read as they stand when all changes are accepted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rag.articles.archive import local, opened
from rag.articles.drafts import Draft, Metadata
from rag.articles.identity import id_of_path
from rag.articles.lines import Line
from rag.articles.normalisation import normalise, normalise_line
from rag.errors import ArticleError

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"(?:heading|title)\s*(\d?)", re.IGNORECASE)
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def read_docx(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of a Word document."""
    with opened(path, origin) as archive:
        markup = _word(archive.tree("word/styles.xml"))
        yield _draft(origin, archive.tree("word/document.xml"), markup, archive.tree("docProps/core.xml"))


def read_odt(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of an OpenDocument text."""
    with opened(path, origin) as archive:
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise ArticleError("document_encrypted", origin=origin)
        yield _draft(origin, archive.tree("content.xml"), _OPEN_DOCUMENT, archive.tree("meta.xml"))


@dataclass(frozen=True, slots=True)
class _Markup:
    """The names that a format gives to things, without their namespaces.

    ``texts`` are the elements that hold text, None where all in a paragraph do; ``gone`` is no part of the text;
    ``level`` returns the level of a paragraph that is a heading, else 0.
    """

    paragraphs: frozenset[str]
    row: str
    cell: str
    texts: frozenset[str] | None
    signs: Mapping[str, str]
    gone: frozenset[str]
    level: Callable[[Any], int]


def _draft(origin: str, document: Any, markup: _Markup, properties: Any) -> Draft:
    """Return the article, in the language that the properties tell, with their title if the document shows it.

    Other titles are old, and when a document was made is not when its article was published.
    """
    if document is None:
        raise ArticleError("document_damaged", origin=origin)
    lines = tuple(_lines_of(document, markup))
    told: dict[str, str] = {}
    for element in [] if properties is None else properties.iter():
        told.setdefault(local(element), normalise_line(element.text or ""))
    title = told.get("title", "")
    shown = title if title and title in {line.text for line in lines} else None
    return Draft(origin, lines, id_of_path(PurePosixPath(origin)), Metadata(title=shown, language=told.get("language")))


def _word(styles: Any) -> _Markup:
    levels: dict[str, int] = {}
    for style in [] if styles is None else styles.iter(f"{_W}style"):
        name = style.find(f"{_W}name")  # ids are in the program's language, names are not
        match = None if name is None else _HEADING.fullmatch(name.get(f"{_W}val", ""))
        if match:
            levels[style.get(f"{_W}styleId", "")] = max(1, min(int(match[1] or 1), 6))

    def level(paragraph: Any) -> int:
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return 0 if style is None else levels.get(style.get(f"{_W}val", ""), 0)

    return _Markup(
        paragraphs=frozenset({"p"}),
        row="tr",
        cell="tc",
        texts=frozenset({"t"}),
        signs={"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"},
        gone=frozenset({"del", "moveFrom", "txbxContent", "Fallback", "pict", "drawing", "pPr", "rPr"}),
        level=level,
    )


def _level(paragraph: Any) -> int:
    if local(paragraph) == "h":
        given = paragraph.get(f"{_TEXT}outline-level", "1")
        return max(1, min(int(given), 6)) if given.isascii() and given.isdigit() and len(given) < 3 else 1
    return 1 if paragraph.get(f"{_TEXT}style-name") == "Title" else 0


_OPEN_DOCUMENT = _Markup(
    paragraphs=frozenset({"p", "h"}),
    row="table-row",
    cell="table-cell",
    texts=None,
    signs={"s": " ", "tab": " ", "line-break": "\n"},
    gone=frozenset({"note", "annotation", "tracked-changes", "frame", "sequence-decls", "ruby-text"}),
    level=_level,
)


@dataclass(slots=True)
class _State:
    pieces: list[str] = field(default_factory=list)
    cells: list[list[Line]] = field(default_factory=list)
    rows: int = 0
    gone: int = 0
    paragraphs: int = 0


def _lines_of(root: Any, markup: _Markup) -> Iterator[Line]:
    """Yield the paragraphs of a document, parted by blank lines; a row of cells of a paragraph each is one line."""
    from lxml import etree

    state = _State()
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = local(element)
        if event == "start":
            _begin(state, element, name, markup)
            continue
        state.gone -= name in markup.gone
        for line in _ended(state, element, name, markup):
            yield line
            yield Line("")
        if state.paragraphs and not state.gone and markup.texts is None:
            state.pieces.append(element.tail or "")


def _begin(state: _State, element: Any, name: str, markup: _Markup) -> None:
    state.gone += name in markup.gone
    if state.gone:
        return
    if name == markup.row:
        state.rows += 1
    elif name == markup.cell and state.rows == 1:
        state.cells.append([])
    elif name in markup.paragraphs:
        state.paragraphs += 1
    if state.paragraphs:
        state.pieces.append(markup.signs.get(name, ""))
        if markup.texts is None or name in markup.texts:
            state.pieces.append(element.text or "")


def _ended(state: _State, element: Any, name: str, markup: _Markup) -> Iterator[Line]:
    """Yield what the end of an element makes whole."""
    if state.gone or name in markup.gone:
        return
    if name in markup.paragraphs:
        state.paragraphs -= 1
        level = markup.level(element)
        found = [Line(text, level) for text in normalise("".join(state.pieces)).split("\n") if text]
        state.pieces.clear()
        if state.cells:
            state.cells[-1] += found
        else:
            yield from found
    elif name == markup.row:
        state.rows -= 1
        if state.rows == 0:
            if all(len(cell) < 2 for cell in state.cells):
                yield Line(" | ".join(cell[0].text for cell in state.cells if cell))
            else:
                yield from (line for cell in state.cells for line in cell)
            state.cells.clear()
