"""What the documents of word processors have in common: paragraphs of runs, and tables of cells of paragraphs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rag.articles.archive import local
from rag.articles.lines import Line
from rag.articles.normalisation import normalise


@dataclass(frozen=True, slots=True)
class Markup:
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


@dataclass(slots=True)
class _State:
    pieces: list[str] = field(default_factory=list)
    cells: list[list[Line]] = field(default_factory=list)
    rows: int = 0
    gone: int = 0
    paragraphs: int = 0


def lines_of(root: Any, markup: Markup) -> Iterator[Line]:
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


def _begin(state: _State, element: Any, name: str, markup: Markup) -> None:
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


def _ended(state: _State, element: Any, name: str, markup: Markup) -> Iterator[Line]:
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
