"""Ties each sentence of a draft to the words of the articles that carry it."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rag.answer_types import expected_type
from rag.answers import Citation, Claim, Support
from rag.languages import HAN, fold, has_query_terms
from rag.markers import harmless, numbers, says_something, split, split_complete, without_end
from rag.protocols import Encoder
from rag.support import Sentence, stated, support
from rag.types import UNDETERMINED, Hit, Span

LONGEST = 1200
"""Characters of a sentence that is judged. A longer one that is no article's is left out unread."""

Quotes = list[tuple[int, Span]]
"""Hits, counted from 0, and where in their articles."""

_CHUNK = 8192  # characters of a draft that are taken at once, in which a whole line is known as such
_BREAKS = re.compile(r"[\n\r\v\f\u0085\u2028\u2029]")
_ENDS = re.compile(r"[.!?…。！？]")
_LETTER = rf"[^\W{HAN}]"  # of a script that writes spaces between words
_WITHIN_WORD = re.compile(_LETTER * 2)
_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")


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
                page=article.page_at(span.start),
            )
        return self._citations[key]

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(self._citations.values())


class ClaimReader:
    """Reads a draft as it is written, and makes each sentence a Claim as soon as it is complete.

    A sentence that its passages hold word for word is ``verbatim``; else, with an encoder, it may be ``supported`` by
    whole sentences of them. Where it names no passage that was given, all are looked at, and for its very words in any
    case. What nothing carries is left out, and counted in ``dropped``, or kept as ``unsupported``, without a citation.
    What only repeats the ``question`` is left out.
    """

    def __init__(
        self,
        hits: Sequence[Hit],
        *,
        question: str = "",
        language: str = UNDETERMINED,
        encoder: Encoder | None = None,
        keep_unsupported: bool = False,
    ) -> None:
        self.dropped = 0
        self._hits = hits
        self._question = _words(question)
        self._typed = expected_type(question, language) is not None
        self._language = language
        self._encoder = encoder
        self._keep_unsupported = keep_unsupported
        self._book = CitationBook()
        self._rest = ""
        self._overlong = False
        self._stop = -1
        self._sentences: tuple[Sentence, ...] | None = None

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All that was cited so far, in the order of their numbers."""
        return self._book.citations

    def read(self, piece: str) -> list[Claim]:
        """Take the next piece of the draft, and return the claims that it completes.

        Offsets are those of the answer's text, in which claims are joined by one space.
        """
        claims: list[Claim] = []
        *lines, rest = _BREAKS.split(piece)
        for line in lines:
            claims.extend(self._take(line))
            claims.extend(self._line(self._rest))
            self._rest, self._overlong = "", False
        claims.extend(self._take(rest))
        claims.extend(self._completed())
        return claims

    def finish(self) -> list[Claim]:
        """Return the claims in what is left when the draft has ended."""
        return self.read("\n")

    def _take(self, text: str) -> Iterator[Claim]:
        """Add to the line that is being written; yield the claims that it completes where it is long."""
        for start in range(0, len(text), _CHUNK):
            if start:
                yield from self._completed()
            self._rest += "" if self._overlong else text[start : start + _CHUNK]

    def _completed(self) -> Iterator[Claim]:
        """Yield the claims in the sentences behind which another has begun; give up a line that never ends one."""
        if _ENDS.search(self._rest):
            whole, self._rest = split_complete(self._rest, self._language)
            for sentence in whole:
                yield from self._claims(sentence)
        if len(self._rest) > 2 * LONGEST:
            self.dropped += 1
            self._rest, self._overlong = "", True

    def _line(self, line: str) -> Iterator[Claim]:
        """Yield the claims of a line: the whole of it, where it stands so in a passage, else its sentences."""
        text, named = without_end(line)
        if (quotes := self._verbatim(text, named)) and not self._repeats_question(text):
            yield self._claim(text, "verbatim", quotes)
        else:
            for sentence in split(line, self._language):
                yield from self._claims(sentence)

    def _claims(self, sentence: str) -> Iterator[Claim]:
        text, named = without_end(sentence)
        if self._repeats_question(text):
            self.dropped += 1
            return
        if quotes := self._verbatim(text, named):
            yield self._claim(text, "verbatim", quotes)
            return
        text, named = harmless(sentence[: LONGEST + 1]), numbers(sentence[: LONGEST + 1])
        if not says_something(text):
            return
        if len(sentence) <= LONGEST:
            if quotes := self._verbatim(text, named):
                yield self._claim(text, "verbatim", quotes)
                return
            if quotes := self._supported(text, named):
                yield self._claim(text, "supported", quotes)
                return
            if self._keep_unsupported:
                yield self._claim(text, "unsupported", [])
                return
        self.dropped += 1

    def _repeats_question(self, text: str) -> bool:
        """Tell whether a sentence is the question again, or has but its words where that asks who, when, how many."""
        words = _words(text)
        return bool(words) and (words == self._question or (self._typed and {*words} <= {*self._question}))

    def _claim(self, text: str, kind: Support, quotes: Quotes) -> Claim:
        text = harmless(text)
        start = self._stop + 1
        self._stop = start + len(text)
        cited = [self._book.cite(self._hits[place], span).number for place, span in quotes]
        return Claim(text, start, self._stop, kind, tuple(dict.fromkeys(cited)))

    def _named(self, named: Iterable[int]) -> list[int]:
        """Return the places of the hits with these numbers, of all hits where there are none."""
        return [n - 1 for n in named if 1 <= n <= len(self._hits)] or list(range(len(self._hits)))

    def _verbatim(self, text: str, named: Sequence[int]) -> Quotes:
        """Return where the hits that a sentence names hold it word for word, else where the first one does."""
        return self._held(text, named) or (self._held(text, ()) if named else [])

    def _held(self, text: str, named: Sequence[int]) -> Quotes:
        places = self._named(named)
        if not says_something(text) or len(text) > max((len(self._text(place)) for place in places), default=0) * 2:
            return []
        languages = {self._hits[place].candidate.article.language for place in places}
        # "No." stands in many articles
        telling = {language for language in languages if has_query_terms(text, language)}
        found = [
            (place, span)
            for place in places
            if self._hits[place].candidate.article.language in telling
            and (span := find_quote(text, self._hits[place]) or find_quote(text.rstrip(" .。"), self._hits[place]))
        ]
        return found if set(named) & {place + 1 for place in places} else found[:1]

    def _supported(self, text: str, named: Sequence[int]) -> Quotes:
        if self._encoder is None or not self._hits:
            return []
        if self._sentences is None:
            self._sentences = tuple(sentences_of(self._hits))
        places = set(self._named(named))
        claim = stated(text, self._language, self._sentences, self._encoder)
        found = support(claim, [sentence for sentence in self._sentences if sentence.hit in places])
        return sorted(((s.hit, s.span) for s in found), key=lambda quote: (quote[0], quote[1].start))

    def _text(self, place: int) -> str:
        candidate = self._hits[place].candidate
        return candidate.article.text[candidate.passage.start : candidate.passage.stop]


def find_quote(text: str, hit: Hit) -> Span | None:
    """Return where a text stands in a hit's passage in whole words, white space aside, or None."""
    article, passage, words = hit.candidate.article.text, hit.candidate.passage, text.split()
    if not words or not all(word in article for word in words):
        return None
    plain = " ".join(words)
    start = article.find(plain, passage.start, passage.stop)
    stop = start + len(plain)
    cut = _WITHIN_WORD.fullmatch(article, max(start - 1, 0), start + 1) or _WITHIN_WORD.fullmatch(
        article, stop - 1, min(stop + 1, passage.stop)
    )
    if start >= 0 and not cut:
        return Span(start, stop)
    # Compiling the pattern of a sentence takes longer than all else here.
    before = f"(?<!{_LETTER})" if re.match(_LETTER, words[0]) else ""
    after = f"(?!{_LETTER})" if re.match(_LETTER, words[-1][-1]) else ""
    pattern = re.compile(before + r"\s+".join(re.escape(word) for word in words) + after)
    found = pattern.search(article, passage.start, passage.stop)
    return Span(found.start(), found.end()) if found else None


def sentences_of(hits: Sequence[Hit]) -> Iterator[Sentence]:
    """Yield the sentences of hits, as they are compared with claims."""
    for place, hit in enumerate(hits):
        article, vectors = hit.candidate.article, hit.candidate.sentence_vectors
        for span, vector in zip(hit.candidate.passage.sentences, vectors, strict=True):
            context = f"{article.title} {hit.candidate.passage.heading}"
            yield Sentence(place, span, span.of(article.text), context, article.language, vector)


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def _sentence_around(span: Span, hit: Hit) -> Span:
    sentences = hit.candidate.passage.sentences
    start = max((s.start for s in sentences if s.start <= span.start), default=span.start)
    stop = min((s.stop for s in sentences if s.stop >= span.stop), default=span.stop)
    return Span(start, stop)
