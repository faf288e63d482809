"""The read path: a question becomes ranked passages.

A passage's score is cos(query, passage) + the best cos(query, sentence) + a share of its BM25 score. The lexical share
is large where question and article share a language and small elsewhere, where only names and numbers can match:
fusing BM25 ranks blindly halves hit@1 across languages (docs/architecture.md).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.languages import query_terms
from rag.types import Filters, Hit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rag.protocols import Encoder, Store
    from rag.types import Candidate, SearchResult

BM25_K1 = 1.2  # as the stores use; the bound of one term's score is its idf times (k1 + 1)
LEXICAL_WEIGHT_SAME = 0.6
LEXICAL_WEIGHT_ACROSS = 0.4


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a question found: hits best first, and the search they came from. ``timings`` are milliseconds."""

    question: str
    language: str
    hits: tuple[Hit, ...]
    terms: tuple[str, ...]
    result: SearchResult
    timings: Mapping[str, float]


def retrieve(
    question: str,
    language: str,
    *,
    encoder: Encoder,
    store: Store,
    candidates: int,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    without: Collection[str] = (),
) -> Retrieval:
    """Return the passages for a question in a language, ranked.

    ``without`` names stages to leave out: ``sentences`` (their vectors), ``lexical`` (BM25), ``names`` (BM25 between
    two languages, where only names and numbers match).
    """
    started = time.perf_counter()
    vector = encoder.encode_queries([question], [language])[0]
    encoded = time.perf_counter()
    terms = query_terms(question, language)
    result = store.search(vector, terms, limit=candidates, filters=filters)
    searched = time.perf_counter()
    bound = lexical_bound(terms, result.frequencies, result.passages)
    hits = sorted(
        _hits(result.candidates, vector, language, bound, without),
        key=lambda hit: (-hit.score, hit.candidate.article.id, hit.candidate.passage.ordinal),
    )
    ranked = time.perf_counter()
    timings = {
        "encode": 1000 * (encoded - started),
        "search": 1000 * (searched - encoded),
        "rank": 1000 * (ranked - searched),
    }
    return Retrieval(question, language, tuple(hits), tuple(terms), result, timings)


def idf(frequency: int, passages: int) -> float:
    """Inverse document frequency in the form of Lucene's BM25, never negative."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))


def lexical_bound(terms: Sequence[str], frequencies: Mapping[str, int], passages: int) -> float:
    """Return the BM25 score that no passage can exceed; a term that occurs nowhere counts, since it is missing."""
    return (BM25_K1 + 1) * sum(idf(frequencies.get(term, 0), passages) for term in terms)


def _hits(
    candidates: Sequence[Candidate],
    vector: NDArray[np.float32],
    language: str,
    bound: float,
    without: Collection[str],
) -> Iterator[Hit]:
    import numpy as np

    if not candidates:
        return
    passages = (np.stack([candidate.passage_vector for candidate in candidates]) @ vector).tolist()
    # The sentences of all candidates at once: a product a candidate costs more than the numbers in it.
    sentences = (np.concatenate([candidate.sentence_vectors for candidate in candidates]) @ vector).tolist()
    weights = {
        True: 0.0 if "lexical" in without else LEXICAL_WEIGHT_SAME,
        False: 0.0 if "names" in without else LEXICAL_WEIGHT_ACROSS,
    }
    start = 0
    for candidate, passage in zip(candidates, passages, strict=True):
        stop = start + len(candidate.sentence_vectors)
        sentence_scores = tuple(sentences[start:stop])
        start = stop
        dense = passage + max(sentence_scores)
        lexical = candidate.lexical / bound if bound else 0.0
        score = passage if "sentences" in without else dense
        score += weights[candidate.article.language == language] * lexical
        yield Hit(candidate, score, dense, lexical, sentence_scores)
