"""The calibrated probability that the collection holds the answer to a question.

A logistic regression over features that do not depend on the collection's size, with one set of coefficients where
question and best passage share a language and one where they do not, and two more for passages that the encoder's
reader has read; ``answerability.json`` holds them. ``rag calibrate DIR --output FILE`` fits them: those that ship, to
questions of XQuAD that the reader was not fitted to, asked of articles in five languages, with and without the article
or the paragraph that answers.
"""

import math
from dataclasses import dataclass, replace
from functools import cache

from rag.languages import anchors, term_set
from rag.retrieval import Retrieval, idf
from rag.tables import table
from rag.types import SENTENCE_WEIGHT

FEATURES = ("bias", "passage", "sentence", "margin", "coverage", "sentence_coverage", "names", "unnamed", "odds")
SETS = ("same", "across", "same_read", "across_read")


@dataclass(frozen=True, slots=True)
class Coefficients:
    """One weight a feature, in the order of FEATURES, for each of SETS."""

    same: tuple[float, ...]
    across: tuple[float, ...]
    same_read: tuple[float, ...]
    across_read: tuple[float, ...]

    def stored(self) -> dict[str, list[float] | list[str]]:
        """Return the form of ``answerability.json``."""
        weights = {name: [round(weight, 4) for weight in getattr(self, name)] for name in SETS}
        return {"features": list(FEATURES), **weights}


@cache
def bundled_coefficients() -> Coefficients:
    stored = table("answerability")
    assert tuple(stored["features"]) == FEATURES
    return Coefficients(**{name: tuple(stored[name]) for name in SETS})


def answerability(retrieval: Retrieval, coefficients: Coefficients | None = None) -> float:
    """Return the probability, 0.0 to 1.0, that the best passages hold the answer; 0.0 where nothing was found.

    A follow-up question is judged with what it leans on and by its own words, the two logits counting the same: else
    whatever is asked after a good question would seem answered. What it finds alone in the same article counts too.
    """
    if not retrieval.hits:
        return 0.0
    weights = coefficients or bundled_coefficients()
    if retrieval.alone is None or not retrieval.history:
        return _sigmoid(_logit(retrieval, weights))
    both = _sigmoid((_logit(retrieval, weights) + _logit(_by_its_own_words(retrieval, retrieval.alone), weights)) / 2)
    best, alone = (found.hits[0].candidate.article.id for found in (retrieval, retrieval.alone))
    return max(both, answerability(retrieval.alone, weights)) if best == alone else both


def _logit(retrieval: Retrieval, weights: Coefficients) -> float:
    chosen: tuple[float, ...] = getattr(weights, set_of(retrieval))
    return sum(weight * value for weight, value in zip(chosen, features(retrieval), strict=True))


def set_of(retrieval: Retrieval) -> str:
    """Return which of SETS holds for a retrieval with at least one hit."""
    name = "same" if in_one_language(retrieval) else "across"
    return name if retrieval.hits[0].odds is None else f"{name}_read"


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def _by_its_own_words(retrieval: Retrieval, alone: Retrieval) -> Retrieval:
    """What a follow-up found, scored by the question alone."""
    hits = []
    for hit in retrieval.hits:
        scores = tuple((hit.candidate.sentence_vectors @ alone.vector).tolist())
        passage, sentence = float(hit.candidate.passage_vector @ alone.vector), max(scores)
        before = max(hit.sentence_scores)
        score = hit.score + passage - (hit.dense - before) + SENTENCE_WEIGHT * (sentence - before)
        hits.append(replace(hit, score=score, dense=passage + sentence, sentence_scores=scores))
    return replace(alone, hits=tuple(hits), result=retrieval.result)


def in_one_language(retrieval: Retrieval) -> bool:
    """Whether the best passage is in the language of the question."""
    return retrieval.hits[0].candidate.article.language == retrieval.language


def features(retrieval: Retrieval) -> tuple[float, ...]:
    """Return the features of a retrieval with at least one hit, in the order of FEATURES.

    ``passage`` and ``sentence`` are the cosines of the best passage and of its best sentence; ``margin`` is the lead
    over the fifth hit.
    ``coverage`` is the share of the question's idf that its words have in the best passage, ``sentence_coverage`` in
    its best sentence. ``names`` is the share of the question's names and numbers in the passage and its title;
    ``unnamed`` is 1 where it has none. ``odds`` are the reader's, 0 where it has not read the passage.
    """
    top = retrieval.hits[0]
    candidate, best = top.candidate, max(top.sentence_scores)
    article, passage = candidate.article, candidate.passage
    cosine = top.dense - best
    sentence = passage.sentences[top.sentence_scores.index(best)]
    text = article.text[passage.start : passage.stop]
    names = anchors(retrieval.in_full or retrieval.question)
    present = term_set(f"{article.title}\n{passage.heading}\n{text}", article.language)
    return (
        1.0,
        cosine,
        best,
        top.score - retrieval.hits[min(4, len(retrieval.hits) - 1)].score,
        _coverage(retrieval, text),
        _coverage(retrieval, sentence.of(article.text)),
        len(names & present) / len(names) if names else 0.0,
        float(not names),
        top.odds or 0.0,
    )


def _coverage(retrieval: Retrieval, text: str) -> float:
    """The idf of the question's words that a text of the same language has, over that of them all."""
    if not in_one_language(retrieval):
        return 0.0
    present = term_set(text, retrieval.language)
    asked = [term for term in retrieval.terms if not term.startswith("=")]
    weights = {term: idf(retrieval.result.frequencies.get(term, 0), retrieval.result.passages) for term in asked}
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in present) / total if total else 0.0
