"""The lines of an article's file, and paragraphs that were wrapped put together again."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_WIDEST = 120  # columns; nobody wraps wider
_FEWEST = 4  # wrapped lines that tell a wrapped text from a coincidence
_OWN_LINE = re.compile(r"[|>•*+–—-]|!\[|\d+[.)]\s")  # tables, quotations, lists and images begin lines of their own
IDEOGRAPH = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Line:
    """A normalised line. ``level`` is 1 to 6 where the format says that it is a heading, else 0.

    ``pages`` is empty where the format has no pages; else it has pairs of an offset in the text and the page that
    begins there, counted from 1, the first of them being 0 and the page on which the line begins.
    """

    text: str
    level: int = 0
    pages: tuple[tuple[int, int], ...] = ()


def plain_lines(text: str) -> tuple[Line, ...]:
    """Return the lines of a normalised text without markup."""
    return tuple(Line(line) for line in text.split("\n"))


def unwrap(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Join the lines of paragraphs, where the text was wrapped at a width; else return the lines as they are.

    A text is taken as wrapped where no line is wide and, nearly always, the first word of the next line would not have
    fitted on the line. A list of short lines is not: its lines end anywhere.
    """
    width = max((len(line.text) for line in lines), default=0)
    fits = [
        len(line.text) + 1 + len(after.text.split(" ", 1)[0]) <= width
        for line, after in pairwise(lines)
        if _continues(line, after)
    ]
    if width > _WIDEST or len(fits) < _FEWEST or sum(fits) * 10 > len(fits):
        return tuple(lines)
    return tuple(_joined(lines))


def _continues(line: Line, after: Line) -> bool:
    return bool(line.text and after.text) and not (line.level or after.level or _OWN_LINE.match(after.text))


def _joined(lines: Sequence[Line]) -> Iterator[Line]:
    parts = [lines[0].text]
    for line, after in pairwise(lines):
        if not _continues(line, after):
            yield Line("".join(parts), line.level)
            parts = [after.text]
            continue
        glued = IDEOGRAPH.match(line.text[-1]) and IDEOGRAPH.match(after.text)
        parts += ["" if glued else " ", after.text]
    yield Line("".join(parts), lines[-1].level)
