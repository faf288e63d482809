"""Reads the best passages together with the question, where the scores leave a doubt about them.

The encoder's reader sees question and sentences at once. That takes some milliseconds, so it reads only where neither
an answer nor "the articles do not say" is sure: the best passage, and with it the next where that scores about as well.
It puts them in order.
"""

import math
from dataclasses import replace

from rag.answerability import answerability
from rag.protocols import Encoder
from rag.retrieval import Retrieval
from rag.types import Hit, Window

READ = 2
"""Passages at most. A third finds a few more answers, and takes as long again (docs/reader.md)."""

WEIGHT, SCALE = 0.3, 4.0
"""Of the log-odds in a score, WEIGHT * tanh(log-odds / SCALE)."""

MARGIN = 0.06
"""Behind the best score, in which another passage is read too."""

DOUBT = (0.03, 0.97)
"""Probabilities between which it is in doubt whether there is an answer; elsewhere nothing is read.

That goes for passages that score alike too. Reading more, on either side, tells more, and takes more of the questions
past the time of one that is not read (docs/reader.md).
"""


def read(found: Retrieval, encoder: Encoder) -> Retrieval:
    """Return a retrieval with what the reader makes of its best hits, the best by both scores first.

    Scores are dealt out anew in that order, as a reranker does.
    """
    if not DOUBT[0] < answerability(found) < DOUBT[1]:
        return found
    rivals = [hit for hit in found.hits[:READ] if hit.score > found.hits[0].score - MARGIN]
    seen = odds_read(found, rivals, encoder)
    if seen[0].odds is None:
        return found
    ordered = sorted(seen, key=lambda hit: -hit.score - WEIGHT * math.tanh((hit.odds or 0.0) / SCALE))
    dealt = (replace(hit, score=old.score) for hit, old in zip(ordered, seen, strict=True))
    return replace(found, hits=(*dealt, *found.hits[len(seen) :]))


def odds_read(found: Retrieval, hits: list[Hit], encoder: Encoder) -> list[Hit]:
    """Return hits with the log-odds that their best sentences, and those around them, answer the question."""
    windows = [_window(hit) for hit in hits]
    odds = encoder.read("question", found.in_full or found.question, windows)
    return [replace(hit, odds=float(value)) for hit, value in zip(hits, odds, strict=True)] if len(odds) else hits


def _window(hit: Hit) -> Window:
    article, passage = hit.candidate.article, hit.candidate.passage
    sentences = tuple(span.of(article.text) for span in passage.sentences)
    centre = hit.sentence_scores.index(max(hit.sentence_scores))
    return Window(article.title, sentences, centre)
