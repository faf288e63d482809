"""The rows of passages and sentences that indexes are made of and a search reads, inside a caller's transaction."""

from __future__ import annotations

import json
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw
    from numpy.typing import NDArray

_PASSAGE_ROWS = """
    SELECT passages.number, vectors.vector FROM passages JOIN vectors ON vectors.number = passages.vector
"""
_SENTENCE_ROWS = """
    SELECT sentences.passage, vectors.vector FROM sentences JOIN vectors ON vectors.number = sentences.vector
"""
_SENTENCES_OF = """
    SELECT passage, start, stop, vectors.vector FROM sentences JOIN vectors ON vectors.number = sentences.vector
    WHERE passage IN (SELECT value FROM json_each(?)) ORDER BY passage, ordinal
"""
_LAST = 2**63 - 1  # the greatest number that a passage can have


def matrix(blobs: Sequence[bytes], dimension: int) -> NDArray[np.float32]:
    """Return kept vectors as float32 of shape (blobs, dimension)."""
    return np.frombuffer(b"".join(blobs), dtype="<f2").reshape(len(blobs), dimension).astype(np.float32)


def passage_rows(connection: apsw.Connection, after: int = 0, until: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield (passage, vector) of the passages with greater numbers than ``after``, up to ``until``, in order."""
    where = "passages.number > ? AND passages.number <= ? ORDER BY passages.number"
    yield from connection.execute(f"{_PASSAGE_ROWS} WHERE {where}", (after, until or _LAST))


def sentence_rows(connection: apsw.Connection, after: int = 0, until: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield (passage, vector) of the sentences of those passages, in order."""
    order = "ORDER BY sentences.passage, sentences.ordinal"
    where = "sentences.passage > ? AND sentences.passage <= ?"
    yield from connection.execute(f"{_SENTENCE_ROWS} WHERE {where} {order}", (after, until or _LAST))


def read_passage_vectors(
    connection: apsw.Connection, passages: Iterable[int], dimension: int
) -> dict[int, NDArray[np.float32]]:
    """Return the vector of each passage, rows of one matrix."""
    where = "passages.number IN (SELECT value FROM json_each(?))"
    rows: Any = connection.execute(f"{_PASSAGE_ROWS} WHERE {where}", (json.dumps(list(passages)),)).fetchall()
    return dict(zip((row[0] for row in rows), matrix([row[1] for row in rows], dimension), strict=True))


class Sentences:
    """The sentences of some passages; ``vectors`` is float32 of shape (sentences, dimension), a passage's together."""

    def __init__(self, rows: Sequence[tuple[int, int, int, bytes]] = (), dimension: int = 0) -> None:
        """``rows`` are (passage, start, stop, vector), those of a passage together."""
        self._rows = rows
        self.vectors = matrix([row[3] for row in rows], dimension)
        self._counts = Counter(row[0] for row in rows)
        ends = accumulate(self._counts.values())
        self.starts = {n: end - count for (n, count), end in zip(self._counts.items(), ends, strict=True)}

    def of(self, passage: int) -> tuple[tuple[Span, ...], NDArray[np.float32]]:
        """Return where the sentences of a passage lie, and a copy of their vectors."""
        own = slice(start := self.starts[passage], start + self._counts[passage])
        return tuple(Span(first, last) for _, first, last, _ in self._rows[own]), self.vectors[own].copy()


def read_sentences(connection: apsw.Connection, passages: Iterable[int], dimension: int) -> Sentences:
    """Return the sentences of some passages."""
    rows: Any = connection.execute(_SENTENCES_OF, (json.dumps(list(passages)),)).fetchall()
    return Sentences(rows, dimension)


def column_rows(
    connection: apsw.Connection, after: int = 0, until: int | None = None
) -> Iterator[tuple[int, str, str, str | None, str | None]]:
    """Yield (passage, language, sources, first day, last day) of those passages, in order."""
    yield from connection.execute(
        "SELECT passages.number, language, sources, first_day, last_day "
        "FROM passages JOIN articles ON articles.number = passages.article "
        "WHERE passages.number > ? AND passages.number <= ? ORDER BY passages.number",
        (after, until or _LAST),
    )


def term_rows(connection: apsw.Connection, after: int = 0, until: int | None = None) -> Iterator[tuple[int, str]]:
    """Yield (passage, terms joined by spaces) of those passages, in order."""
    query = "SELECT number, terms FROM passages WHERE number > ? AND number <= ? ORDER BY number"
    yield from connection.execute(query, (after, until or _LAST))


def passage_numbers(connection: apsw.Connection, after: int) -> list[int]:
    """Return the numbers of the passages with greater ones than ``after``, in order."""
    rows: Any = connection.execute("SELECT number FROM passages WHERE number > ? ORDER BY number", (after,)).fetchall()
    return [number for (number,) in rows]


def nth_passage(connection: apsw.Connection, count: int, after: int) -> int | None:
    """Return the number of the passage that is as many after another, None where no more come than that."""
    query = "SELECT number FROM passages WHERE number > ? ORDER BY number LIMIT 2 OFFSET ?"
    rows: Any = connection.execute(query, (after, count - 1)).fetchall()
    return rows[0][0] if len(rows) == 2 else None


def last_passage(connection: apsw.Connection) -> int:
    """Return the greatest number of a passage, 0 where there is none."""
    last: int = connection.execute("SELECT coalesce(max(number), 0) FROM passages").get
    return last


def count_passages(connection: apsw.Connection, after: int) -> int:
    """Return how many passages have greater numbers than ``after``."""
    count: int = connection.execute("SELECT count(*) FROM passages WHERE number > ?", (after,)).get
    return count


def count_sentences(connection: apsw.Connection, after: int) -> int:
    """Return how many sentences those have."""
    count: int = connection.execute("SELECT count(*) FROM sentences WHERE passage > ?", (after,)).get
    return count


def removed_rows(connection: apsw.Connection, generation: int, last: int) -> list[tuple[int, str]]:
    """Return (passage, terms) of what was taken away after a generation from among its passages, up to ``last``."""
    query = "SELECT passage, terms FROM removed WHERE generation > ? AND passage <= ?"
    rows: Any = connection.execute(query, (generation, last)).fetchall()
    return list(rows)


def count_removed(connection: apsw.Connection, generation: int, last: int) -> int:
    """Return how many those are."""
    count: int = connection.execute(
        "SELECT count(*) FROM removed WHERE generation > ? AND passage <= ?", (generation, last)
    ).get
    return count


def forget_removed(connection: apsw.Connection, generation: int) -> None:
    """Drop the memory of what was removed up to a generation that every snapshot has reached."""
    connection.execute("DELETE FROM removed WHERE generation <= ?", (generation,))
