"""Ties each sentence of a draft to the exact words of the articles that carry it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.types import Citation, Claim, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rag.types import Hit

_MARKERS = re.compile(r"((?:\s*\[\d{1,3}\])+)\s*$")
_NUMBER = re.compile(r"\d+")


class CitationBook:
    """Hands out citation numbers from 1, the same one for the same words of the same article."""

    def __init__(self) -> None:
        self._citations: dict[tuple[str, int, int], Citation] = {}

    def cite(self, hit: Hit, span: Span) -> Citation:
        """Return the citation of a span of a hit's passage."""
        article = hit.candidate.article
        sentence = _sentence_around(span, hit)
        key = (article.id, span.start, span.stop)
        if key not in self._citations:
            self._citations[key] = Citation(
                number=len(self._citations) + 1,
                **article.provenance,
                quote=span.of(article.text),
                start=span.start,
                stop=span.stop,
                before=article.text[sentence.start : span.start],
                after=article.text[span.stop : sentence.stop],
            )
        return self._citations[key]

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(self._citations.values())


def claims_of(draft: Iterable[str], hits: Sequence[Hit], book: CitationBook, start: int = 0) -> Iterable[Claim]:
    """Yield a Claim for each line of a draft that stands word for word in the passage its marker names.

    A line that does not, or whose marker names a passage that was not given, is left out: what cannot be shown is not
    said. ``start`` is the offset of the first claim in the answer's text; claims are joined by one space.
    """
    for line in _lines(draft):
        markers = _MARKERS.search(line)
        if markers is None:
            continue
        text = line[: markers.start()].strip()
        numbers = [int(number) for number in _NUMBER.findall(markers[0])]
        spans = [(n, find_quote(text, hits[n - 1])) for n in numbers if 1 <= n <= len(hits)]
        cited = [book.cite(hits[n - 1], span).number for n, span in spans if span is not None]
        if cited:
            yield Claim(text, start, start + len(text), "verbatim", tuple(cited))
            start += len(text) + 1


def find_quote(text: str, hit: Hit) -> Span | None:
    """Return where a text stands in a hit's passage, white space aside, or None."""
    words = text.split()
    passage = hit.candidate.passage
    if not words:
        return None
    pattern = re.compile(r"\s+".join(re.escape(word) for word in words))
    found = pattern.search(hit.candidate.article.text, passage.start, passage.stop)
    return Span(found.start(), found.end()) if found else None


def _sentence_around(span: Span, hit: Hit) -> Span:
    sentences = hit.candidate.passage.sentences
    start = max((s.start for s in sentences if s.start <= span.start), default=span.start)
    stop = min((s.stop for s in sentences if s.stop >= span.stop), default=span.stop)
    return Span(start, stop)


def _lines(draft: Iterable[str]) -> Iterable[str]:
    """Join the pieces of a draft and cut them at line ends, as early as they are complete."""
    rest = ""
    for piece in draft:
        *lines, rest = (rest + piece).split("\n")
        yield from lines
    yield rest
