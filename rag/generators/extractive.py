"""The answer in the articles' own words: the one to three sentences that answer, picked without a language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.answer_types import expected_type, holds_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.types import Hit, Span

MOST_SENTENCES = 3
HITS_READ = 5
TYPE_BONUS = 0.06  # for a sentence that holds what the question asks for: a person, a number, a date
MARGIN = 0.03  # a further sentence is quoted where it scores this near to the best one


@dataclass(frozen=True, slots=True)
class Choice:
    """A sentence that may answer: in which hit, counted from 0, where in its article, and how well."""

    hit: int
    span: Span
    score: float


class ExtractiveGenerator:
    """A Generator that quotes; it cannot fail and never invents."""

    name = "extractive"

    def generate(self, question: str, language: str, hits: Sequence[Hit]) -> Iterator[str]:  # noqa: ARG002 - quotes keep their language
        """Yield a line for each chosen sentence, in the order of the articles, ending in its marker."""
        chosen = choose(question, hits)
        for choice in sorted(chosen, key=lambda choice: (choice.hit != chosen[0].hit, choice.hit, choice.span.start)):
            quote = choice.span.of(hits[choice.hit].candidate.article.text)
            yield f"{' '.join(quote.split())} [{choice.hit + 1}]\n"


def choose(question: str, hits: Sequence[Hit]) -> list[Choice]:
    """Return the sentences to quote, best first, each of them once though several outlets print it."""
    choices = sorted(_choices(question, hits), key=lambda choice: -choice.score)
    chosen: list[Choice] = []
    seen: set[str] = set()
    for choice in choices:
        words = " ".join(choice.span.of(hits[choice.hit].candidate.article.text).split())
        if len(chosen) == MOST_SENTENCES or choice.score < choices[0].score - MARGIN:
            break
        if words not in seen:
            chosen.append(choice)
            seen.add(words)
    return chosen


def _choices(question: str, hits: Sequence[Hit]) -> Iterator[Choice]:
    kind = expected_type(question)
    for index, hit in enumerate(hits[:HITS_READ]):
        # The passage speaks for its sentences: one that answers may lean on its neighbours for the names.
        rest = (hit.score - max(hit.sentence_scores)) / 2
        for span, score in zip(hit.candidate.passage.sentences, hit.sentence_scores, strict=True):
            answers = kind is not None and holds_type(kind, span.of(hit.candidate.article.text), question)
            yield Choice(index, span, score + rest + (TYPE_BONUS if answers else 0.0))
