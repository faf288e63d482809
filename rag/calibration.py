"""Fits the coefficients of answerability to a question set, cross-validated by article."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.answerability import SETS, Coefficients, features, set_of
from rag.engine import Engine
from rag.errors import QuestionSetError
from rag.evaluation import Query, auroc
from rag.protocols import Progress, silent
from rag.reading import odds_read
from rag.retrieval import Retrieval
from rag.types import Filters

FOLDS = 5
FEW = 3  # titles in a thinned collection at most, beside the relevant one
LOOKS_ANSWERED = "adversarial"  # the ``miss`` of a question that was written so (bench/adversarial.py)
UNREAD_WEIGHT = 0.25
"""Of such a question where nothing is read. Only reading tells it apart, and likeness, which tells the others, would
count for little: with 1 the probability is in doubt about half of the questions across languages, which are then read.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """The features of one question, whether its answer was there, its set of SETS, and the article that it is about."""

    values: tuple[float, ...]
    answerable: bool
    kind: str
    group: str
    miss: str | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients fitted to all examples, and the area under the ROC on examples left out of the fit."""

    coefficients: Coefficients
    auroc: Mapping[str, float]


def examples(
    engine: Engine, queries: Sequence[Query], *, corpus_language: str | None = None, progress: Progress = silent
) -> list[Example]:
    """Ask each question, of the articles in one language where one is named, and return what was seen.

    Each is seen twice: in the whole collection, and as if only a few of the articles were there, since the coefficients
    are to hold for a folder of two articles as for an archive; and each time as if the reader had read the best passage
    and as if not. So the engine need not have it read. An answerable question whose best passage is another than those
    that answer is left out: to answer from there would be as wrong as to say that the articles do not.
    """
    filters = Filters(languages=(corpus_language,) if corpus_language else ())
    chance = random.Random(0)  # noqa: S311 - a sample, the same each time
    found = []
    for number, query in enumerate(queries):
        progress("ask", number / len(queries))
        whole = engine.retrieve(query.text, language=query.language, filters=filters)
        for retrieval in (whole, _thinned(whole, query, chance)):
            best = {hit.candidate.article.id for hit in retrieval.hits[:1]}
            if not best or (query.answerable and not best & query.relevant):
                continue
            for seen in _unread_and_read(retrieval, engine):
                group = min(query.relevant, default=query.id)
                found.append(Example(features(seen), query.answerable, set_of(seen), group, query.miss))
    return found


def _unread_and_read(retrieval: Retrieval, engine: Engine) -> Iterator[Retrieval]:
    """Yield a retrieval as if its best passage had not been read, and as if it had, where the encoder has a reader."""
    first, *others = retrieval.hits
    yield replace(retrieval, hits=(replace(first, odds=None), *others))
    read = replace(retrieval, hits=(*odds_read(retrieval, [first], engine.encoder), *others))
    if read.hits[0].odds is not None:
        yield read


def _thinned(retrieval: Retrieval, query: Query, chance: random.Random) -> Retrieval:
    """Return what would have been found had the collection one title or a few, the relevant ones among them.

    What was asked about an article that lacks the answer has that one: the best, where none is relevant.
    """
    titles = sorted({hit.candidate.article.title for hit in retrieval.hits})
    kept = set(chance.sample(titles, min(chance.randint(0, FEW), len(titles))))
    kept |= {hit.candidate.article.title for hit in retrieval.hits if hit.candidate.article.id in query.relevant}
    if not query.answerable and query.miss != "far":
        kept |= {hit.candidate.article.title for hit in retrieval.hits[:1]}
    kept = kept or set(titles[:1])
    return replace(retrieval, hits=tuple(hit for hit in retrieval.hits if hit.candidate.article.title in kept))


def calibrate(found: Sequence[Example]) -> Calibration:
    """Return coefficients for each of SETS. Raises QuestionSetError where it is too small."""
    weights: dict[str, tuple[float, ...]] = {}
    areas = {}
    for name in SETS:
        chosen = [example for example in found if example.kind == name]
        if not chosen and name.endswith("_read"):  # by an encoder without a reader
            weights[name] = weights[name.removesuffix("_read")]
            continue
        if len({example.answerable for example in chosen}) < 2:
            raise QuestionSetError("question_set_one_sided", kind=name)
        if len({example.group for example in chosen}) < FOLDS:
            raise QuestionSetError("question_set_small", kind=name, folds=FOLDS)
        weights[name] = tuple(float(weight) for weight in _fit(chosen))
        scores = _cross_validated(chosen)
        for miss in [None, *sorted({example.miss for example in chosen if example.miss})]:
            positives = [s for s, e in zip(scores, chosen, strict=True) if e.answerable]
            negatives = [s for s, e in zip(scores, chosen, strict=True) if not e.answerable and miss in (None, e.miss)]
            areas[f"{name}_{miss}" if miss else name] = auroc(positives, negatives)
    return Calibration(Coefficients(**weights), areas)


def _fit(chosen: Sequence[Example]) -> NDArray[np.float64]:
    """Logistic regression on standardised features, its weights brought back to the features' own units."""
    from sklearn.linear_model import LogisticRegression

    values = np.array([example.values[1:] for example in chosen])
    labels = [example.answerable for example in chosen]
    weights = [1.0 if e.kind.endswith("_read") or e.miss != LOOKS_ANSWERED else UNREAD_WEIGHT for e in chosen]
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    deviation[deviation == 0] = np.inf  # a feature that never varies gets no weight
    # Both classes weigh the same, so that the probability does not hang on how many of each the set happens to have.
    model = LogisticRegression(class_weight="balanced", max_iter=1000)
    model.fit((values - mean) / deviation, labels, sample_weight=np.divide(weights, np.mean(weights)))
    slopes = model.coef_[0] / deviation
    return np.concatenate([[model.intercept_[0] - slopes @ mean], slopes])


def _cross_validated(chosen: Sequence[Example]) -> NDArray[np.float64]:
    """Score each example by a fit that saw no example of its article."""
    from sklearn.model_selection import GroupKFold

    values = np.array([example.values for example in chosen])
    scores = np.zeros(len(chosen))
    for fitted, left_out in GroupKFold(FOLDS).split(values, groups=[example.group for example in chosen]):
        scores[left_out] = values[left_out] @ _fit([chosen[i] for i in fitted])
    return scores
