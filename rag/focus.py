"""What a question asks beyond its subject: the question without the names that its article is about anyway.

A press article names its subject in the title and the first sentence; the sentence that answers seldom does so again.
A vector of the whole question is nearest to the sentences that repeat the names, so the sentence that answers is looked
for with what is left of the question. Measured in docs/evaluation.md.
"""

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.answer_types import NAME
from rag.languages import anchor, anchors, is_cjk, term_set, terms
from rag.protocols import Encoder
from rag.retrieval import Retrieval
from rag.types import Article, Hit

WEIGHT = 0.7  # of the question without its subject, in the score of a sentence as an answer
FOCUSED = 8  # hits whose sentences are scored so
_CHUNK = re.compile(r"[\w’'.-]+")
_WORD = re.compile(r"\w+")


def focused(found: Retrieval, encoder: Encoder) -> Retrieval:
    """Return a retrieval whose best hits tell of each sentence how near it is to what the question asks."""
    article, passage = found.hits[0].candidate.article, found.hits[0].candidate.passage
    question = found.question if found.history else found.in_full or found.question
    asked = focus(question, article, article.text[passage.start : passage.stop])
    if asked == (found.in_full or found.question) or not any(char.isalnum() for char in asked):
        return found
    vector = encoder.encode_queries([asked], [found.language])[0]
    scored = (_scored(hit, vector) for hit in found.hits[:FOCUSED])
    return replace(found, hits=(*scored, *found.hits[FOCUSED:]))


def _scored(hit: Hit, vector: NDArray[np.float32]) -> Hit:
    parts = (hit.candidate.sentence_vectors @ vector).tolist()
    scores = zip(hit.sentence_scores, parts, strict=True)
    return replace(hit, answer_scores=tuple((1 - WEIGHT) * whole + WEIGHT * part for whole, part in scores))


def focus(question: str, article: Article, passage: str) -> str:
    """Return the question without the names that the title of an article holds or its text repeats.

    Of a passage of it, full names are left out too: what a person says goes on in sentences that begin with "She".
    """
    given = anchors(question) & (_subject(article) | _full_names(question, passage, article.language))
    left, end = [], 0
    for chunk in _CHUNK.finditer(question):
        words = _WORD.findall(chunk[0])
        if words and given.issuperset(map(anchor, words)):
            left.append(question[end : chunk.start()])
            end = chunk.end()
    kept = _without_shared_characters("".join([*left, question[end:]]), article.title)
    return " ".join(kept.split())


def _full_names(question: str, passage: str, language: str) -> frozenset[str]:
    """The name terms that a passage has of a question's names of several words; its first word has a capital anyway."""
    first = _WORD.search(question)
    found = NAME.finditer(question, first.end()) if first else ()
    named = frozenset(anchor(word) for name in found for word in _WORD.findall(name[0]))
    return named & term_set(passage, language) if named else named


@lru_cache(maxsize=1024)  # the articles that are asked about are few
def _subject(article: Article) -> set[str]:
    """The name and number terms of an article's title, and those that its text has more than once."""
    counts = Counter(term for term in terms(article.text, article.language) if term.startswith("="))
    titled = {term for term in terms(article.title, article.language) if term.startswith("=")}
    return titled | {term for term, count in counts.items() if count > 1}


def _without_shared_characters(question: str, title: str) -> str:
    """Leave out runs of at least two CJK characters that a title has too: Chinese writes no capitals."""
    left, start = [], 0
    while start < len(question):
        stop = start
        while stop < len(question) and is_cjk(question[stop]) and question[start : stop + 1] in title:
            stop += 1
        if stop - start < 2:
            stop = start + 1
            left.append(question[start])
        start = stop
    return "".join(left)
