"""Passages as a search hands them out, with their article, vectors and terms: read from SQLite, the last ones kept."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.store import tables
from rag.types import Article, Candidate, Passage, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import apsw
    import numpy as np
    from numpy.typing import NDArray

_KEPT = 4096  # passages; with vectors of 384 dimensions some 20 kB each
_AMONG = "IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A passage under its number, which no other passage ever gets, so that a record never turns stale."""

    number: int
    article: Article
    passage: Passage
    passage_vector: NDArray[np.float32]
    sentence_vectors: NDArray[np.float32]
    counts: Mapping[str, int]
    length: int

    def candidate(self, lexical: float) -> Candidate:
        return Candidate(self.article, self.passage, self.passage_vector, self.sentence_vectors, lexical)


class Records:
    """The passages used last. Safe for threads, each with its own connection."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._records: OrderedDict[int, Record] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, connection: apsw.Connection, numbers: Collection[int], dimension: int) -> list[Record]:
        """Return the records of passages that the connection's transaction sees."""
        with self._lock:
            found = {number: self._records[number] for number in numbers if number in self._records}
            for number in found:
                self._records.move_to_end(number)
            articles = {record.passage.article_id: record.article for record in self._records.values()}
        missing = [number for number in numbers if number not in found]
        if missing:
            read = _read(connection, missing, dimension)
            found |= read
            with self._lock:
                self._records |= read
                while len(self._records) > self._kept:
                    self._records.popitem(last=False)
        return list(found.values())
