"""The calibrated probability that the collection holds the answer to a question.

A logistic regression over features that do not depend on the collection's size, with one set of coefficients where
question and best passage share a language and one where they do not; ``answerability.json`` holds both. ``bench/``
says how they were fitted.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rag.languages import terms
from rag.retrieval import idf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rag.retrieval import Retrieval

FEATURES = ("bias", "dense", "sentence", "outstanding", "margin", "coverage", "rare")


@dataclass(frozen=True, slots=True)
class Coefficients:
    """One weight a feature, in the order of FEATURES."""

    same: tuple[float, ...]
    across: tuple[float, ...]


@cache
def bundled_coefficients() -> Coefficients:
    stored = json.loads(files("rag").joinpath("answerability.json").read_text(encoding="utf-8"))
    assert tuple(stored["features"]) == FEATURES
    return Coefficients(tuple(stored["same"]), tuple(stored["across"]))


def answerability(retrieval: Retrieval, coefficients: Coefficients | None = None) -> float:
    """Return the probability, 0.0 to 1.0, that the best passages hold the answer; 0.0 where nothing was found."""
    if not retrieval.hits:
        return 0.0
    weights = coefficients or bundled_coefficients()
    best = retrieval.hits[0].candidate.article
    chosen = weights.same if best.language == retrieval.language else weights.across
    logit = sum(weight * value for weight, value in zip(chosen, features(retrieval), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def features(retrieval: Retrieval) -> tuple[float, ...]:
    """Return the features of a retrieval with at least one hit, in the order of FEATURES.

    ``dense`` and ``sentence`` are the cosines of the best passage and sentence; ``outstanding`` is how many standard
    deviations the best passage lies above the collection's; ``margin`` is its lead over the fifth; ``coverage`` is the
    share of the question's idf that its words have in the best passage, ``rare`` the same for its rarest word alone.
    """
    hits = retrieval.hits
    top = hits[0]
    sentence = max(top.sentence_scores)
    passage = top.dense - sentence
    mean, deviation = retrieval.result.background
    outstanding = (passage - mean) / deviation if deviation else 0.0
    margin = top.score - hits[min(4, len(hits) - 1)].score
    coverage, rare = _coverage(retrieval)
    return (1.0, passage, sentence, outstanding, margin, coverage, rare)


def _coverage(retrieval: Retrieval) -> tuple[float, float]:
    candidate = retrieval.hits[0].candidate
    language = candidate.article.language
    present = set(terms(candidate.article.text[candidate.passage.start : candidate.passage.stop], language))
    prefix = f"{retrieval.language}:" if language == retrieval.language else "="
    weights = _weights(retrieval.result.frequencies, retrieval, prefix)
    total = sum(weights.values())
    if not total:
        return 0.0, 0.0
    found = sum(weight for term, weight in weights.items() if term in present)
    rarest = max(weights, key=weights.__getitem__)
    return found / total, float(rarest in present)


def _weights(frequencies: Mapping[str, int], retrieval: Retrieval, prefix: str) -> dict[str, float]:
    passages = retrieval.result.passages
    return {term: idf(frequencies.get(term, 0), passages) for term in retrieval.terms if term.startswith(prefix)}
