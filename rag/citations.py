"""Ties each sentence of a draft to the exact words of the articles that carry it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.types import Citation, Claim, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

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


class ClaimReader:
    """Reads a draft as it is written, and makes each line that the articles carry a Claim, as soon as it is complete.

    A line that stands in no passage that its markers name is left out: what cannot be shown is not said.
    """

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._hits = hits
        self._book = CitationBook()
        self._rest = ""
        self._stop = -1

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All that was cited so far, in the order of their numbers."""
        return self._book.citations

    def read(self, piece: str) -> list[Claim]:
        """Take the next piece of the draft, and return the claims that it completes.

        Offsets are those of the answer's text, in which claims are joined by one space.
        """
        *lines, self._rest = (self._rest + piece).split("\n")
        return [claim for line in lines if (claim := self._claim(line))]

    def finish(self) -> list[Claim]:
        """Return the claims in what is left when the draft has ended."""
        return self.read("\n")

    def _claim(self, line: str) -> Claim | None:
        markers = _MARKERS.search(line)
        if markers is None:
            return None
        text = line[: markers.start()].strip()
        numbers = [int(number) for number in _NUMBER.findall(markers[0])]
        found = [(n, find_quote(text, self._hits[n - 1])) for n in numbers if 1 <= n <= len(self._hits)]
        cited = [self._book.cite(self._hits[n - 1], span).number for n, span in found if span is not None]
        if not cited:
            return None
        start = self._stop + 1
        self._stop = start + len(text)
        return Claim(text, start, self._stop, "verbatim", tuple(cited))


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
