"""The reader: what a cross-encoder makes of a question, or a claim, and the sentences of an article beside it.

As in "retriever-reader" systems (Chen et al., "Reading Wikipedia to Answer Open-Domain Questions", ACL 2017), it sees
both texts at once, and so what neither vector tells: whether the sentences answer the question that they resemble.

It has half of the bundled encoder's layers (``rag.encoders.distilled``).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.encoders import bundled
from rag.spelling import as_spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rag.encoders.sessions import Sessions
    from rag.types import Asked, Window

    Tokenise = Callable[[str], list[int]]

ROOM = 96
"""Tokens of a window's sentences, fewer than of a passage: half the time, at .005 to .008 of the area under the ROC."""

OUTPUTS: tuple[Asked, ...] = ("question", "claim")
FIRST, END = 0, 2  # the special tokens around texts
ASKED = {"question": 48, "claim": 128}  # tokens at most, in training too
TITLE = 16
BEYOND = 40  # tokens of the sentence at the centre that may be more than the room


def rows(kind: Asked, asked: str, windows: Sequence[Window], prompt: str, tokenise: Tokenise) -> list[list[int]]:
    """Return the token ids of each window beside what is asked.

    ``tokenise`` gives ids without special tokens. Rows are ``<s> asked </s></s> title </s> sentences </s>``. Names are
    read as the window spells them: the pieces of Lê Bá Tiệp are others than those of Le Ba Tiep.
    """
    begin, found = tokenise(prompt), []
    for window in windows:
        spelled = as_spelled(asked, ["\n".join((window.title, *window.sentences))])
        head = [FIRST, *begin, *tokenise(spelled)[: ASKED[kind]], END, END]
        title = [*tokenise(window.title)[:TITLE], END] if window.title else []
        found.append([*head, *title, *_around(window, tokenise)[: ROOM + BEYOND], END])
    return found


def _around(window: Window, tokenise: Tokenise) -> list[int]:
    ids: dict[int, list[int]] = {}

    def length(place: int) -> int:
        if place not in ids:
            ids[place] = tokenise(window.sentences[place])
        return len(ids[place])

    first, last = around(window.centre, len(window.sentences), ROOM, length)
    return [token for place in range(first, last + 1) for token in ids[place]]


def around(centre: int, count: int, room: int, length: Callable[[int], int]) -> tuple[int, int]:
    """Return the first and the last of ``count`` sentences, by turns after and before one, as far as there is room."""
    first = last = centre
    total, after = length(centre), True
    while True:
        for forth in (after, not after):
            place = last + 1 if forth else first - 1
            if 0 <= place < count and total + length(place) <= room:
                total, after = total + length(place), not forth
                first, last = min(first, place), max(last, place)
                break
        else:
            return first, last


def inputs(row: list[int], words: NDArray[np.void]) -> dict[str, NDArray[Any]]:
    """Return a row of token ids as the inputs of the graph: the embeddings of its words, none of them padding."""
    ids = np.array([row], np.int64)
    return {"words": bundled.dequantised(words[ids]), "attention_mask": np.ones_like(ids)}


class Reader:
    """Reads rows of token ids with the reader's graph."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @cached_property
    def _words(self) -> NDArray[np.void]:  # at first use: not every question that the graph is opened for is read
        return bundled.words(bundled.locate())

    def read(self, kind: Asked, rows: Sequence[list[int]]) -> NDArray[np.float32]:
        """Return the log-odds of rows of token ids, each read by itself: none is padded. Raises EncoderError."""
        made = self._sessions.run_each(["odds"], [inputs(row, self._words) for row in rows])
        return np.array([odds[0][OUTPUTS.index(kind)] for (odds,) in made], np.float32)
