"""The paragraphs of a PDF, which knows only where letters stand.

Runs of text are put together as lines and these as blocks, in the order of the file, which nearly every program writes
as one reads; columns whose lines are interleaved come apart again. What stands on many pages at the same edge is no
part of the text, nor are page numbers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from rag.articles.lines import IDEOGRAPH, Line
from rag.articles.normalisation import normalise_line
from rag.types import Removed

_EDGE = 0.12  # of a page's height, at its top and at its bottom, where it repeats what is no part of its text
_REPEATED = 0.3  # of the pages, but two at least
_COLUMN = 20  # characters that most lines of a column have, and few cells of a table
_OPEN = 8  # blocks that a line may go on
_FAR = 2.5  # times the size of its letters; a line further off begins another block
_SAME = 0.12  # by which sizes of letters may differ in a paragraph
_INDENT = 0.8  # times the size of the letters
_SHORT = 0.15  # of a block's width, which a line that ends a paragraph leaves free
_APART = 1.3  # times the distance of a block's lines
_LARGER = 1.15  # times the size of most letters: a heading
_LARGEST = 1.3  # times the size of most letters: the title
_HEADING = 200  # characters
_LONGEST = 20_000  # characters of a paragraph, so that joining lines takes linear time
_END = 80  # characters at the end of a text that tell how it ends

_NUMBER = re.compile(
    r"\W*(?:page|p\.|trang|tr\.|seite|第)?\s*\d{1,4}(?:\s*(?:/|of|sur|de|trên|页|/\s*共)\s*\d{0,4}\s*页?)?\W*",
    re.IGNORECASE,
)
_PRINTED = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4},? \d{1,2}[:h]\d\d\b.*"
)  # the time, and the title, as browsers print them
_ADDRESS = re.compile(r"((?:https?|file)://\S+)(?:\s+\d+/\d+)?")  # as browsers print it
_STOP = re.compile(r"[.!?…:。！？：]['\"»”’」』）)\]]*$")
_ITEM = re.compile(r"[•▪●‣*–—-]\s|\d{1,2}[.)]\s")
_HYPHENS = "-\u2010"
_BROKEN = re.compile(r"([^\W\d_]+)[-\u2010]$")
_WORDS = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")


class Run(NamedTuple):
    """Text on one line, measured in points from the lower left of the page; ``cells`` says that it is a table's row."""

    left: float
    base: float
    right: float
    size: float
    text: str
    cells: bool = False


@dataclass(frozen=True, slots=True)
class Laid:
    """The lines of a PDF, what was left out, and the address that a browser printed on it."""

    lines: tuple[Line, ...]
    removed: tuple[Removed, ...]
    address: str | None


@dataclass(slots=True)
class _Paragraph:
    runs: list[Run]
    page: int
    text: str = ""
    full: bool = False  # its last line reaches the end of its column
    pages: list[tuple[int, int]] = field(default_factory=list)


def lay_out(pages: Sequence[tuple[float, Sequence[Run]]]) -> Laid:
    """Return the paragraphs of pages, each a height and its runs. Takes linear time."""
    rows = [(height, list(_rows(runs))) for height, runs in pages]
    furniture = _furniture(rows)
    removed: list[Removed] = []
    words = Counter(
        word.casefold() for _, page in rows for row in page for run in row for word in _WORDS.findall(run.text)
    )
    sizes: Counter[float] = Counter()
    paragraphs: list[_Paragraph] = []
    for number, (height, page) in enumerate(rows, 1):
        kept = []
        for row in page:
            if _is_furniture(row, height, furniture):
                removed.append(Removed(_text(row), "running_head"))
            else:
                kept.append(row)
        columns = _are_columns(kept)
        for block in _blocks(_units(kept, columns=columns), _OPEN if columns else 1):
            right = max(run.right for run in block)
            for runs in _paragraphs(block):
                sizes[round(runs[0].size, 1)] += sum(len(run.text) for run in runs)
                _put(paragraphs, runs, number, words)
                paragraphs[-1].full = right - runs[-1].right <= runs[-1].size
    printed = (_ADDRESS.fullmatch(item.text) for item in removed)
    address = next((match[1] for match in printed if match and match[1].startswith("http")), None)
    return Laid(tuple(_levelled(paragraphs, sizes)), tuple(dict.fromkeys(removed)), address)


def _rows(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Yield the runs that follow each other from left to right on one line."""
    row: list[Run] = []
    for given in runs:
        run = given._replace(text=normalise_line(given.text.replace("\u00ad", "\u2010")))
        if not run.text:
            continue
        if row and (abs(run.base - row[-1].base) > run.size / 2 or run.left < row[-1].right):
            yield row
            row = []
        row.append(run)
    if row:
        yield row


def _text(row: Sequence[Run]) -> str:
    return " ".join(run.text for run in row)


def _edge(row: Sequence[Run], height: float) -> str:
    if row[0].base > (1 - _EDGE) * height:
        return "top"
    return "bottom" if row[0].base < _EDGE * height else ""


def _key(row: Sequence[Run], height: float) -> tuple[str, str]:
    return _edge(row, height), re.sub(r"\d+", "0", _text(row).casefold())


def _furniture(pages: Sequence[tuple[float, Sequence[Sequence[Run]]]]) -> set[tuple[str, str]]:
    """Return what stands at the same edge of many pages, whatever its numbers are."""
    times = Counter(key for height, rows in pages for key in {_key(row, height) for row in rows if _edge(row, height)})
    return {key for key, count in times.items() if count >= max(2, _REPEATED * len(pages))}


def _is_furniture(row: Sequence[Run], height: float, furniture: set[tuple[str, str]]) -> bool:
    if not _edge(row, height):
        return False
    text = _text(row)
    return _key(row, height) in furniture or any(pattern.fullmatch(text) for pattern in (_NUMBER, _ADDRESS, _PRINTED))


def _are_columns(rows: Sequence[Sequence[Run]]) -> bool:
    """Tell whether what stands side by side are lines of columns, and not cells of a table."""
    beside = [run for row in rows if len(row) > 1 for run in row]
    return sum(len(run.text) >= _COLUMN for run in beside) > len(beside) / 2


def _units(rows: Sequence[Sequence[Run]], *, columns: bool) -> Iterator[Run]:
    """Yield the lines of columns apart, and the rows of tables as one line each."""
    for row in rows:
        if columns or len(row) == 1:
            yield from row
        else:
            text = " | ".join(run.text for run in row)
            yield Run(row[0].left, row[0].base, row[-1].right, max(run.size for run in row), text, cells=True)


def _blocks(units: Iterable[Run], most: int) -> list[list[Run]]:
    """Put each line to the block, of the ``most`` last ones, that it stands right below, else begin another."""
    found: list[list[Run]] = []
    for unit in units:
        for block in reversed(found[-most:]):
            last = block[-1]
            overlap = min(last.right, unit.right) - max(last.left, unit.left)
            below = 0 < last.base - unit.base <= _FAR * max(last.size, unit.size)
            if below and 2 * overlap >= min(last.right - last.left, unit.right - unit.left):
                block.append(unit)
                break
        else:
            found.append([unit])
    return found


def _paragraphs(block: Sequence[Run]) -> Iterator[list[Run]]:
    left, right = min(run.left for run in block), max(run.right for run in block)
    pitch = median([above.base - run.base for above, run in pairwise(block)] or [0])
    paragraph = [block[0]]
    for above, run in pairwise(block):
        ended = above.right < right - _SHORT * (right - left) and _STOP.search(above.text)
        indented = run.left - left > _INDENT * run.size and above.left - left <= _INDENT * run.size
        apart = above.base - run.base > _APART * pitch
        other = abs(run.size - above.size) > _SAME * above.size or run.cells or above.cells
        if ended or indented or apart or other or _ITEM.match(run.text):
            yield paragraph
            paragraph = []
        paragraph.append(run)
    yield paragraph


def _put(paragraphs: list[_Paragraph], runs: list[Run], page: int, words: Counter[str]) -> None:
    """Add a paragraph, or what goes on with the last one in another column or on another page."""
    last = paragraphs[-1] if paragraphs else None
    if last is None or not _goes_on(last, runs[0]):
        last = _Paragraph([], page)
        paragraphs.append(last)
    for run in runs:
        text = run.text
        if len(last.text) > _LONGEST:
            last = _Paragraph([], page)
            paragraphs.append(last)
        last.text = _joined(last.text, text, words) if last.text else text
        if not last.pages or last.page != page:
            last.pages.append((len(last.text) - len(text), page))
            last.page = page
        last.runs.append(run)


def _goes_on(paragraph: _Paragraph, run: Run) -> bool:
    last = paragraph.runs[-1]
    same = abs(run.size - last.size) <= _SAME * last.size and not (run.cells or last.cells)
    middle = run.text[0].islower() or (paragraph.full and len(paragraph.runs) > 1)
    return same and middle and not _STOP.search(paragraph.text[-_END:])


def _joined(text: str, after: str, words: Counter[str]) -> str:
    """Join two lines; a word that a hyphen parts is one, unless the text has it with its hyphen and never without."""
    broken = _BROKEN.search(text[-_END:])
    if broken and after[0].islower():
        tail = (_WORDS.match(after) or [after])[0]
        compound = words[f"{broken[1]}-{tail}".casefold()] and not words[f"{broken[1]}{tail}".casefold()]
        return f"{text[:-1]}-{after}" if compound else text[:-1] + after
    if text[-1] in _HYPHENS:
        return f"{text[:-1]}-{after}"
    glued = IDEOGRAPH.match(text[-1]) and IDEOGRAPH.match(after)
    return f"{text}{'' if glued else ' '}{after}"


def _levelled(paragraphs: Sequence[_Paragraph], sizes: Counter[float]) -> Iterator[Line]:
    """Yield the paragraphs as lines, parted by blank ones: the largest on the first page is the title."""
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    first = [p for p in paragraphs if p.pages[0][1] == paragraphs[0].pages[0][1]]
    title = max(first, key=lambda p: p.runs[0].size, default=None)
    for paragraph in paragraphs:
        size = paragraph.runs[0].size
        heading = size >= _LARGER * body and len(paragraph.text) <= _HEADING
        level = 1 if heading and paragraph is title and size >= _LARGEST * body else 2 if heading else 0
        yield Line(paragraph.text, level, tuple(paragraph.pages))
        yield Line("")
