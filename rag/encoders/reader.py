"""The reader: what a cross-encoder makes of a question, or a claim, and the sentences of an article beside it.

As in "retriever-reader" systems (Chen et al., "Reading Wikipedia to Answer Open-Domain Questions", ACL 2017), it sees
both texts at once, and so what neither vector tells: whether the sentences answer the question that they resemble. It
is the bundled encoder with a few per cent of weights added (``rag.encoders.adaptation``).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.encoders import bundled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rag.types import Asked, Window

    Tokenise = Callable[[str], list[int]]

ROOM = 96
"""Tokens of a window's sentences, fewer than of a passage: half the time, at .005 to .008 of the area under the ROC."""

OUTPUTS: tuple[Asked, ...] = ("question", "claim")
_FIRST, _END = 0, 2  # the special tokens around texts
_ASKED = {"question": 48, "claim": 128}  # tokens at most, as in training
_TITLE = 16
_BEYOND = 40  # tokens of the sentence at the centre that may be more than ROOM


def rows(kind: Asked, asked: str, windows: Sequence[Window], prompt: str, tokenise: Tokenise) -> list[list[int]]:
    """Return the token ids of each window beside what is asked.

    ``tokenise`` gives ids without special tokens. Rows are ``<s> asked </s></s> title </s> sentences </s>``.
    """
    head = [_FIRST, *tokenise(prompt), *tokenise(asked)[: _ASKED[kind]], _END, _END]
    found = []
    for window in windows:
        title = [*tokenise(window.title)[:_TITLE], _END] if window.title else []
        found.append([*head, *title, *_around(window, tokenise)[: ROOM + _BEYOND], _END])
    return found


def _around(window: Window, tokenise: Tokenise) -> list[int]:
    """Return the sentence at the centre and its neighbours, by turns after and before, as far as there is ROOM."""
    first = last = window.centre
    ids = tokenise(window.sentences[first])
    after = True
    while True:
        for forth in (after, not after):
            place = last + 1 if forth else first - 1
            if not 0 <= place < len(window.sentences):
                continue
            more = tokenise(window.sentences[place])
            if len(ids) + len(more) <= ROOM:
                ids = ids + more if forth else more + ids
                first, last, after = (first, place, False) if forth else (place, last, True)
                break
        else:
            return ids


def inputs(ids: Sequence[list[int]], words: NDArray[np.void], pad_id: int) -> dict[str, NDArray[Any]]:
    """Return rows of token ids as the inputs of the graph: the embeddings of their words, and which are there."""
    shape = (len(ids), max(map(len, ids)))
    padded, mask = np.full(shape, pad_id, np.int64), np.zeros(shape, np.int64)
    for place, row in enumerate(ids):
        padded[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return {"words": bundled.dequantised(words[padded]), "attention_mask": mask}


class Reader:
    """Runs the graph. ``run`` is what runs a session and translates its errors."""

    def __init__(self, session: Any, run: Callable[[Any, dict[str, NDArray[Any]]], NDArray[np.float32]]) -> None:
        self._session = session
        self._run = run
        self._words = bundled.words(bundled.locate())
        self._pool = ThreadPoolExecutor(2)  # windows are read side by side, each by itself, so that none is padded

    def read(self, kind: Asked, ids: Sequence[list[int]]) -> NDArray[np.float32]:
        """Return the log-odds of each row, float32 of shape (rows,)."""
        made = self._pool.map(lambda row: self._run(self._session, inputs([row], self._words, 0))[0], ids)
        return np.array([odds[OUTPUTS.index(kind)] for odds in made], np.float32)
