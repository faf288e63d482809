"""The read path: a question becomes ranked passages.

A passage's score is cos(query, passage) + half of the best cos(query, sentence) + how well the question's tokens are
matched + a share of its BM25 score. A token is matched as well as its cosine with the nearest sentence tells: late
interaction (MaxSim: Khattab and Zaharia, "ColBERT", SIGIR 2020) on the question's side alone, since an article's tokens
are not kept. The lexical share is large where question and article share a language and small elsewhere, where only
names and numbers can match: fusing BM25 ranks blindly halves hit@1 across languages (docs/architecture.md).
"""

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from rag.days import first_day
from rag.errors import EncoderError
from rag.languages import query_terms
from rag.protocols import Encoder, Store
from rag.syndication import one_a_story
from rag.types import SENTENCE_WEIGHT, Candidate, Filters, Hit, SearchResult, Turn

BM25_K1 = 1.2  # as the stores use; the bound of one term's score is its idf times (k1 + 1)
LEXICAL_WEIGHT_SAME = 1.0
LEXICAL_WEIGHT_ACROSS = 0.4
TOKEN_WEIGHT = 1.0
FEEDBACK = 3  # hits whose neighbours in other languages count,
FEEDBACK_SCALE = 0.05  # each by the exponential of its score in this unit
NEIGHBOUR = 0.6  # cosine from which
FEEDBACK_WEIGHT = 2.0  # times what is above it, they rise
NEAR_BEST = 0.15  # in score: what answers as well as the best, where newer articles are preferred


@dataclass(frozen=True, slots=True, eq=False)
class Retrieval:
    """What a question found: hits best first, and the search they came from. ``timings`` are milliseconds.

    ``vector`` is of what was searched for, float32 of shape (dimension,): the question, or ``in_full``, where it leans
    on ``history``, or the middle of both, where only its names are spelled in another way. Then ``alone`` is what the
    question found by itself. ``latest`` prefers newer articles. ``typed`` is the question as it was asked, where
    ``question`` has capitals and accents that it lacks.
    """

    question: str
    language: str
    hits: tuple[Hit, ...]
    terms: tuple[str, ...]
    result: SearchResult
    timings: Mapping[str, float]
    vector: NDArray[np.float32]
    in_full: str = ""
    history: tuple[Turn, ...] = ()
    alone: Self | None = None
    latest: bool = False
    typed: str = ""


class Reading(TypedDict, total=False):
    """How a question is read: the fields of its Retrieval that one by itself lacks, asked in no special way."""

    in_full: str
    history: tuple[Turn, ...]
    alone: Retrieval
    latest: bool


def retrieve(
    question: str,
    language: str,
    *,
    encoder: Encoder,
    store: Store,
    candidates: int,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    without: Collection[str] = (),
    **reading: Unpack[Reading],
) -> Retrieval:
    """Return the passages for a question in a language, ranked. Raises EncoderError where another made the vectors.

    ``reading`` is how the question is read. ``without`` names stages to leave out: ``sentences`` (their
    vectors), ``tokens`` (of the question, each by itself), ``lexical`` (BM25), ``names`` (BM25 between two languages,
    where only names and numbers match) and ``neighbours`` (what is near to the best passages, in other languages).
    """
    started = time.perf_counter()
    in_full = reading.get("in_full", question)
    vector = encoder.encode_queries([in_full], [language])[0]
    alone = reading.get("alone")
    if alone is not None and not reading.get("history"):  # names weigh less than in their new spelling by itself
        vector = vector + alone.vector
        vector /= float(np.linalg.norm(vector)) or 1.0
    tokens = encoder.encode_query_tokens(in_full, language)
    encoded = time.perf_counter()
    terms = query_terms(in_full, language)
    result = store.search(vector, terms, limit=candidates, filters=filters)
    if result.encoder not in (None, encoder.fingerprint):  # another process may have changed it just now
        raise EncoderError("encoder_not_the_collections", encoder=encoder.name)
    searched = time.perf_counter()
    bound = lexical_bound(terms, result.frequencies, result.passages)
    hits = one_a_story(_ranked(result.candidates, vector, tokens, bound, language=language, without=without))
    ranked = time.perf_counter()
    timings = {
        "encode": 1000 * (encoded - started),
        "search": 1000 * (searched - encoded),
        "rank": 1000 * (ranked - searched),
    }
    return Retrieval(question, language, tuple(hits), tuple(terms), result, timings, vector, **reading)


def newest_first(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return hits with those within NEAR_BEST of the best score by date, the newest first, those without one last.

    Their scores are dealt out anew in that order, as a reranker does.
    """
    near = [hit for hit in hits if hit.score >= hits[0].score - NEAR_BEST]
    dated = sorted(near, key=lambda hit: first_day(hit.candidate.article.published), reverse=True)
    return (*(replace(hit, score=old.score) for hit, old in zip(dated, near, strict=True)), *hits[len(near) :])


def idf(frequency: int, passages: int) -> float:
    """Inverse document frequency in the form of Lucene's BM25, never negative."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))


def lexical_bound(terms: Sequence[str], frequencies: Mapping[str, int], passages: int) -> float:
    """Return the BM25 score that no passage can exceed; a term that occurs nowhere counts, since it is missing."""
    return (BM25_K1 + 1) * sum(idf(frequencies.get(term, 0), passages) for term in terms)


def _ranked(
    candidates: Sequence[Candidate],
    vector: NDArray[np.float32],
    tokens: NDArray[np.float32],
    bound: float,
    *,
    language: str,
    without: Collection[str],
) -> list[Hit]:
    """Return a hit for each candidate, best first."""
    if not candidates:
        return []
    vectors = np.array([candidate.passage_vector for candidate in candidates])
    passages = (vectors @ vector).astype(np.float64)
    # The sentences of all candidates at once: a product a candidate costs more than the numbers in it.
    all_sentences = np.concatenate([candidate.sentence_vectors for candidate in candidates])
    sentences = all_sentences @ vector
    ends = np.cumsum([len(candidate.sentence_vectors) for candidate in candidates]).tolist()
    starts = [0, *ends[:-1]]
    nearest = np.maximum.reduceat(sentences, starts)
    scores = passages if "sentences" in without else passages + SENTENCE_WEIGHT * nearest
    if len(tokens) and "tokens" not in without:
        matches = np.maximum.reduceat(all_sentences @ tokens.T, starts)
        scores = scores + TOKEN_WEIGHT * matches.mean(axis=1, dtype=np.float64)
    lexical = [candidate.lexical / bound if bound else 0.0 for candidate in candidates]
    same = 0.0 if "lexical" in without else LEXICAL_WEIGHT_SAME
    across = 0.0 if "names" in without else LEXICAL_WEIGHT_ACROSS
    languages = [candidate.article.language for candidate in candidates]
    weights = [same if spoken == language else across for spoken in languages]
    scored = (scores + np.multiply(weights, lexical)).tolist()
    order = sorted(
        range(len(candidates)),
        key=lambda place: (-scored[place], candidates[place].article.id, candidates[place].passage.ordinal),
    )
    dealt = [scored[place] for place in order]
    if "neighbours" not in without:
        order = _neighbours_first(order, scored, vectors, languages)
    cosines, dense = sentences.tolist(), (passages + nearest).tolist()
    return [
        Hit(candidates[place], score, dense[place], lexical[place], tuple(cosines[starts[place] : ends[place]]))
        for place, score in zip(order, dealt, strict=True)
    ]


def _neighbours_first(
    order: list[int], scores: list[float], vectors: NDArray[np.float32], languages: list[str]
) -> list[int]:
    """Bring forward what tells in other languages than the best one's what the best few tell; the best stays first.

    Pseudo-relevance feedback (Rocchio 1971), between languages alone: in one, it takes the place of what answers.
    """
    foreign = [language != languages[order[0]] for language in languages]
    if not any(foreign):
        return order
    few = order[:FEEDBACK]
    shares = np.exp([(scores[place] - scores[order[0]]) / FEEDBACK_SCALE for place in few])
    nearness = vectors @ (shares / shares.sum() @ vectors[few])
    raised = (scores + np.where(foreign, FEEDBACK_WEIGHT * np.maximum(nearness - NEIGHBOUR, 0.0), 0.0)).tolist()
    return [order[0], *sorted(order[1:], key=lambda place: -raised[place])]
