"""Articles into passages and sentences, every one a slice of the article's text.

Sentences are those of the sentencex library, mended where it takes an abbreviation for an end. They are never joined
across paragraphs, and passages never across headings.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.types import Article, Passage, Span

CountTokens = Callable[[Sequence[str]], list[int]]

_WINDOW = 2000  # characters sentencex sees at once: its time is quadratic in them (measured: nested quotes, Chinese)
_BYTES_A_CHARACTER = 4  # tokens that one character can cost at most, in a tokenizer that falls back to bytes

# Abbreviations that stand before a name, and those that stand before a number.
_TITLES = re.compile(
    "MM?|Mmes?|Mlles?|Mgr|Me|Drs?|Pr|Prof|Ste?|Mr|Mrs|Ms|Gen|Gov|Sen|Rep|Rev|Hon|Lt|Col|Capt|Sgt"
    "|TS|T[hH]S|PGS|GS|BS|KS|CN|LS|T[pP]|NSND|NSƯT|Sra?|Srta|Dra|Ud|Lic|Ing|Gral|Hr|Fr|bzw"
)
_REFERENCES = re.compile("art|pp?|vol|[nN]o?|Nr|[fF]ig|chap|éd|ca|env|vs|Q|P|Abs|S|§")
_LAST_WORD = re.compile(r"(?:(\w+)[\s.]+)?(?<!\w)([\w§]+)\.\s*$")
_CLOSERS = re.compile(r"\s*(?:[”’」』）)\]》]+|»(?!\w))+\s*")
_PARAGRAPH = re.compile(r"\S[^\n]*")
_WORD = re.compile(r"[^\W\d_]+")
_CLAUSE = re.compile(r"(?<=[;:,…—–])\s+|(?<=[，、；：])")
_SPACE = re.compile(r"\s+")
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class _Sentence:
    span: Span
    cost: int


def segment(article: Article, count_tokens: CountTokens, limit: int) -> tuple[Passage, ...]:
    """Return the passages of an article, in order, each at most ``limit`` tokens with the heading above it.

    Together their sentences hold all of the text that is neither white space nor heading. A passage costs the sum of
    its parts and its heading, as ``count_tokens`` counts each alone (white space between parts is taken to cost
    nothing, as in SentencePiece); a heading that would take more than half of
    ``limit`` is left out. A paragraph that fits in a passage is never split; a longer one is split evenly. A sentence
    that is too long is cut at clauses, else between words, else anywhere. An article of nothing but headings has one
    passage, of them. ``count_tokens`` is called once, and three times more at most where a sentence is too long.
    """
    if limit < 2 * _BYTES_A_CHARACTER:
        raise ValueError(f"limit is {limit}; a passage needs {2 * _BYTES_A_CHARACTER} tokens at least")
    text = article.text
    sections = [
        (heading, [_sentences(text, p, article.language) for p in paragraphs])
        for heading, paragraphs in _sections(article)
    ]
    if not any(paragraphs for _, paragraphs in sections):
        return (_only_headings(article),)
    headings = [heading.of(text) if heading else "" for heading, _ in sections]
    flat = [span for _, paragraphs in sections for sentences in paragraphs for span in sentences]
    counts = count_tokens([*headings, *(span.of(text) for span in flat)])
    above = [count if 2 * count <= limit else 0 for count in counts[: len(headings)]]
    budgets = [limit - a for a, (_, ps) in zip(above, sections, strict=True) for p in ps for _ in p]
    pieces = iter(_fitted(text, flat, counts[len(headings) :], budgets, count_tokens))

    passages: list[Passage] = []
    for heading, cost, (_, paragraphs) in zip(headings, above, sections, strict=True):
        costed = [[piece for _ in sentences for piece in next(pieces)] for sentences in paragraphs]
        for group in _packed(costed, limit - cost):
            spans = tuple(sentence.span for sentence in group)
            passages.append(
                Passage(
                    article.id, len(passages), spans[0].start, spans[-1].stop, spans, heading=heading if cost else ""
                )
            )
    return tuple(passages)


def _only_headings(article: Article) -> Passage:
    stop = article.headings[-1].stop if article.headings else 0
    start = article.headings[0].start if article.headings else 0
    return Passage(article.id, 0, start, stop, article.headings, heading="" if article.headings else article.title)


def _sections(article: Article) -> Iterator[tuple[Span | None, list[Span]]]:
    """Yield each heading, None at first, with the paragraphs under it."""
    heading: Span | None = None
    start = 0
    for following in (*article.headings, None):
        stop = following.start if following else len(article.text)
        yield heading, [Span(*m.span()) for m in _PARAGRAPH.finditer(article.text, start, stop)]
        if following:
            heading, start = following, following.stop


def _sentences(text: str, paragraph: Span, language: str) -> list[Span]:
    cuts = [paragraph.start, *_cuts(text, paragraph, language), paragraph.stop]
    return list(_slices(text, cuts))


def _slices(text: str, cuts: Sequence[int]) -> Iterator[Span]:
    """Yield what lies between cuts, without the white space around it."""
    for start, stop in pairwise(cuts):
        piece = text[start:stop]
        if bare := piece.strip():
            lead = len(piece) - len(piece.lstrip())
            yield Span(start + lead, start + lead + len(bare))


def _cuts(text: str, paragraph: Span, language: str) -> Iterator[int]:
    """Yield where sentences begin in a paragraph, but the first."""
    begin = paragraph.start
    for cut, forced in _library_cuts(text, paragraph, language):
        if forced:
            begin = cut
            yield cut
            continue
        closers = _CLOSERS.match(text, cut, paragraph.stop)
        moved = closers.end() if closers else cut
        if begin < moved < paragraph.stop and not _goes_on(text, begin, moved):
            begin = moved
            yield moved


def _library_cuts(text: str, paragraph: Span, language: str) -> Iterator[tuple[int, bool]]:
    """Yield the boundaries that sentencex finds, in windows, so that time is linear in the paragraph.

    True goes with those that are none, where a window has no boundary.
    """
    import sentencex

    start = paragraph.start
    while start < paragraph.stop:
        # sentencex takes white space for one byte, and panics where it is more: no-break spaces are such.
        window = _WIDE_SPACE.sub(" ", text[start : min(start + _WINDOW, paragraph.stop)])
        ends = [start + boundary["end_index"] for boundary in sentencex.get_sentence_boundaries(language, window)]
        if start + len(window) == paragraph.stop:
            yield from ((end, False) for end in ends[:-1])
            return
        if len(ends) == 1:
            space = window.rfind(" ", _WINDOW // 2)
            start += space if space > 0 else _WINDOW
            yield start, True
        else:
            yield from ((end, False) for end in ends[:-1])
            start = ends[-2]  # the last may go on behind the window


def _goes_on(text: str, begin: int, cut: int) -> bool:
    """Tell whether the sentence from ``begin`` goes on behind ``cut``."""
    before = text[max(begin, cut - 40) : cut]
    word = _WORD.match(text, cut)
    if word and word[0].islower():  # "« Oui ! » dit-il"; but "iPhone" begins a sentence
        return True
    if before[-1:] == "." and text[cut : cut + 1] == "-":  # "J.-C.", "J.-B. Say"
        return True
    last = _LAST_WORD.search(before)
    if last is None:
        return False
    previous, abbreviation = last[1] or "", last[2]
    if _TITLES.fullmatch(abbreviation) or (_REFERENCES.fullmatch(abbreviation) and text[cut].isdigit()):
        return True
    initial = len(abbreviation) == 1 and abbreviation.isupper() and not abbreviation.isdigit()
    return initial and (not previous or previous[0].isupper()) and text[cut].isupper()


def _fitted(
    text: str, sentences: Sequence[Span], counts: Sequence[int], budgets: Sequence[int], count_tokens: CountTokens
) -> list[list[_Sentence]]:
    """Return each sentence as pieces that keep to its budget: mostly itself."""
    pieces = [[_Sentence(span, count)] for span, count in zip(sentences, counts, strict=True)]
    for pattern in (_CLAUSE, _SPACE, None):
        over = [i for i, parts in enumerate(pieces) if any(part.cost > budgets[i] for part in parts)]
        smaller = {
            (i, part.span): _cut(text, part.span, pattern, budgets[i])
            for i in over
            for part in pieces[i]
            if part.cost > budgets[i]
        }
        if not smaller:
            break
        counted = iter(count_tokens([span.of(text) for spans in smaller.values() for span in spans]))
        costed = {key: [_Sentence(span, next(counted)) for span in spans] for key, spans in smaller.items()}
        for i in over:
            pieces[i] = [small for part in pieces[i] for small in costed.get((i, part.span), [part])]
    return [_merged(parts, budget) for parts, budget in zip(pieces, budgets, strict=True)]


def _cut(text: str, span: Span, pattern: re.Pattern[str] | None, budget: int) -> list[Span]:
    """Cut behind each match of a pattern; without one, anywhere, so that each piece keeps to the budget."""
    if pattern:
        cuts = [span.start, *(match.end() for match in pattern.finditer(text, span.start, span.stop))]
    else:
        cuts = [*range(span.start, span.stop, budget // _BYTES_A_CHARACTER)]
    return list(_slices(text, [*cuts, span.stop]))


def _merged(parts: Sequence[_Sentence], budget: int) -> list[_Sentence]:
    """Join neighbouring pieces of one sentence while they keep to the budget."""
    merged = [parts[0]]
    for part in parts[1:]:
        last = merged[-1]
        if last.cost + part.cost <= budget:
            merged[-1] = _Sentence(Span(last.span.start, part.span.stop), last.cost + part.cost)
        else:
            merged.append(part)
    return merged


def _packed(paragraphs: Iterable[Sequence[_Sentence]], budget: int) -> Iterator[list[_Sentence]]:
    """Yield the sentences of one section, grouped into passages."""
    group: list[_Sentence] = []
    used = 0
    for sentences in paragraphs:
        total = sum(sentence.cost for sentence in sentences)
        share = math.ceil(total / math.ceil(total / budget)) if total > budget else budget
        if group and used + total > budget:
            yield group
            group, used = [], 0
        for sentence in sentences:
            if group and (used + sentence.cost > budget or (total > budget and used >= share)):
                yield group
                group, used = [], 0
            group.append(sentence)
            used += sentence.cost
    if group:
        yield group
