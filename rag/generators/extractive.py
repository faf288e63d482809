"""The answer in the articles' own words: the one to three sentences that answer, picked without a language model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answer_types import expected_type, mentions, type_strength
from rag.clauses import narrowed
from rag.days import first_day
from rag.languages import query_terms, term_set
from rag.types import SENTENCE_WEIGHT, Article, Hit, Request, Span

MOST_SENTENCES = 3
HITS_READ = 8
TYPE_BONUS = 0.04  # for a sentence that holds what the question asks for: a person, a number, a date
TYPED_MARGIN = 0.2  # how far below the best sentence one that holds it may lie
MARGIN = 0.05  # a further sentence is quoted where it scores this near to the best one


@dataclass(frozen=True, slots=True)
class Choice:
    """A sentence that may answer: in which hit, counted from 0, where in its article, and how well.

    ``typed`` says that it surely holds the kind of thing that the question asks for.
    """

    hit: int
    span: Span
    score: float
    typed: bool


class ExtractiveGenerator:
    """A Generator that quotes; it cannot fail and never invents."""

    name = "extractive"

    def generate(self, request: Request) -> Iterator[str]:
        """Yield a line for each chosen sentence, the likeliest first, ending in its marker; nothing for a rewriting."""
        if request.task == "answer":
            for choice in choose(request.question, request.language, request.hits, latest=request.latest):
                yield f"{_words(choice, request.hits)} [{choice.hit + 1}]\n"


def choose(question: str, language: str, hits: Sequence[Hit], *, latest: bool = False) -> list[Choice]:
    """Return what to quote, best first: sentences, or the clauses of a long one, each once though outlets share it.

    Where the question asks for a person, a number or a date, one of them holds one if any near enough does. ``latest``
    puts those of newer articles first, of the sentences that score about as well as the best.
    """
    choices = sorted(_choices(question, language, hits), key=lambda choice: -choice.score)
    best = choices[0].score if choices else 0.0
    if latest:
        near = [choice for choice in choices if choice.score >= best - MARGIN]
        days = {choice: first_day(hits[choice.hit].candidate.article.published) for choice in near}
        choices[: len(near)] = sorted(near, key=days.__getitem__, reverse=True)
    chosen: dict[str, Choice] = {}
    for choice in choices:
        if len(chosen) == MOST_SENTENCES or choice.score < best - MARGIN:
            break
        chosen.setdefault(_words(choice, hits), choice)
    typed = [choice for choice in choices if choice.typed and choice.score >= best - TYPED_MARGIN]
    picked = list(chosen.values())
    if typed and not any(choice.typed for choice in picked):
        picked = [*picked[: MOST_SENTENCES - 1], typed[0]]
    return [_narrowed(choice, question, language, hits[choice.hit].candidate.article) for choice in picked]


def _narrowed(choice: Choice, question: str, language: str, article: Article) -> Choice:
    """Cut a long sentence down where it is known what the answer looks like; else any part of it may be the answer."""
    kind = expected_type(question, language)
    if kind is None:
        return choice
    asked = set(query_terms(question, language))

    def worth(piece: str) -> int:
        return len(asked & term_set(piece, article.language)) + len(mentions(kind, piece, question))

    return replace(choice, span=narrowed(article.text, choice.span, worth))


def _words(choice: Choice, hits: Sequence[Hit]) -> str:
    return " ".join(choice.span.of(hits[choice.hit].candidate.article.text).split())


def _choices(question: str, language: str, hits: Sequence[Hit]) -> Iterator[Choice]:
    kind = expected_type(question, language)
    for index, hit in enumerate(hits[:HITS_READ]):
        # The passage speaks for its sentences: one that answers may lean on its neighbours for the names.
        rest = (hit.score - SENTENCE_WEIGHT * max(hit.sentence_scores)) / 2
        scores = hit.answer_scores or hit.sentence_scores
        for span, score in zip(hit.candidate.passage.sentences, scores, strict=True):
            strength = type_strength(kind, span.of(hit.candidate.article.text), question) if kind else 0.0
            yield Choice(index, span, score + rest + TYPE_BONUS * strength, strength == 1.0)
