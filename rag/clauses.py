"""A long sentence cut down to the clauses that answer: press sentences can fill half a page."""

import re
from collections.abc import Callable

from rag.types import Span

LONG = 300  # characters from which on a sentence is cut
SHORTEST = 120  # characters of a quote that is not a whole sentence: a few words say nothing by themselves

_BOUNDARY = re.compile(r"(?<=[;:,])\s+|(?<=[，；：])")  # a dash joins as often as it parts
_OPENING, _CLOSING = "([«“「『《（", ")]»”」』》）"
_LOOSE = " \t\n;:,…—–，、；："


def clauses(text: str, sentence: Span) -> list[Span]:
    """Return the clauses of a sentence, in order; none begins within brackets or quotation marks."""
    cuts, depth, read = [sentence.start], 0, sentence.start
    for boundary in _BOUNDARY.finditer(text, sentence.start, sentence.stop):
        piece = text[read : boundary.end()]
        depth += sum(piece.count(mark) for mark in _OPENING) - sum(piece.count(mark) for mark in _CLOSING)
        read = boundary.end()
        if depth <= 0 and read < sentence.stop:
            cuts.append(read)
    return [Span(start, stop) for start, stop in zip(cuts, [*cuts[1:], sentence.stop], strict=True)]


def narrowed(text: str, sentence: Span, worth: Callable[[str], float]) -> Span:
    """Return the longest run of clauses within LONG characters that is worth as much as the whole sentence.

    ``worth`` tells of a piece of the sentence how much it holds of what is asked for. A sentence that is not long, or
    of which nothing stands out, stays whole.
    """
    if sentence.stop - sentence.start <= LONG:
        return sentence
    parts = clauses(text, sentence)
    runs = [
        Span(parts[first].start, parts[last].stop)
        for first in range(len(parts))
        for last in range(first, len(parts))
        if SHORTEST <= parts[last].stop - parts[first].start <= LONG
    ]
    whole = worth(sentence.of(text))
    runs = [run for run in runs if worth(run.of(text)) >= whole > 0]
    return _trimmed(text, max(runs, key=lambda run: run.stop - run.start)) if runs else sentence


def _trimmed(text: str, run: Span) -> Span:
    quote = run.of(text)
    bare = quote.strip(_LOOSE)
    start = run.start + quote.index(bare)
    return Span(start, start + len(bare))
