"""Passages as a search hands them out, with their article, vectors and terms: read from SQLite, the last ones kept."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rag.store.rows import Sentences, read_passage_vectors, read_sentences
from rag.store.tables import read_articles
from rag.types import Article, Candidate, Passage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import apsw
    import numpy as np
    from numpy.typing import NDArray

K = TypeVar("K")
V = TypeVar("V")
_KEPT_PASSAGES = 4096  # with vectors of 384 dimensions some 20 kB each
_KEPT_ARTICLES = 1024
_PASSAGES = """
    SELECT number, article, ordinal, start, stop, heading, terms, length
    FROM passages WHERE number IN (SELECT value FROM json_each(?))
"""
_COUNTED = 4  # times that terms are asked for until all are counted


class Terms:
    """The terms of a passage. All are counted once they have been asked for a few times.

    That takes five times as long as to look for those of one question in the text, and in a large collection a passage
    is seldom found twice. Safe for threads: two may count, with one outcome.
    """

    __slots__ = ("_asked", "_counts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._asked = 0
        self._counts: Mapping[str, int] | None = None

    def counts(self, terms: Iterable[str]) -> Mapping[str, int]:
        """Return how often each of some terms occurs, and maybe others."""
        self._asked += 1
        if self._asked < _COUNTED:
            apart = f" {self._text.replace(' ', '  ')} "  # each between two spaces of its own
            return {term: apart.count(f" {term} ") for term in terms}
        if self._counts is None:
            self._counts = Counter(map(sys.intern, self._text.split(" ")))  # passages share many terms
        return self._counts


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What was read to compare passages exactly: the vectors of some, by number, and the sentences of some."""

    passages: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    sentences: Sentences = field(default_factory=Sentences)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A passage under its number, which no other passage ever gets, so that a record never turns stale.

    ``terms`` has ``length`` terms.
    """

    number: int
    article: Article
    passage: Passage
    passage_vector: NDArray[np.float32]
    sentence_vectors: NDArray[np.float32]
    terms: Terms
    length: int
    signature: bytes

    def candidate(self, lexical: float) -> Candidate:
        return Candidate(
            self.article, self.passage, self.passage_vector, self.sentence_vectors, lexical, self.signature
        )


class Recent(Generic[K, V]):
    """A dictionary that forgets what was used longest ago. Safe for threads."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._items: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, keys: Iterable[K]) -> dict[K, V]:
        """Return the items that are kept."""
        with self._lock:
            found = {key: self._items[key] for key in keys if key in self._items}
            for key in found:
                self._items.move_to_end(key)
        return found

    def keep(self, items: Mapping[K, V]) -> None:
        with self._lock:
            self._items |= items
            while len(self._items) > self._kept:
                self._items.popitem(last=False)


class Records:
    """Reads passages through what was read before."""

    def __init__(self) -> None:
        self._records: Recent[int, Record] = Recent(_KEPT_PASSAGES)
        self._articles: Recent[int, tuple[Article, bytes]] = Recent(_KEPT_ARTICLES)

    def get(
        self, connection: apsw.Connection, numbers: Collection[int], dimension: int, compared: Compared
    ) -> list[Record]:
        """Return the records of passages that the connection's transaction sees, of which some was read already."""
        found = self._records.find(numbers)
        missing = [number for number in numbers if number not in found]
        if missing:
            read = self._read(connection, missing, dimension, compared)
            self._records.keep(read)
            found |= read
        return list(found.values())

    def _read(
        self, connection: apsw.Connection, numbers: Sequence[int], dimension: int, compared: Compared
    ) -> dict[int, Record]:
        rows: Any = connection.execute(_PASSAGES, (json.dumps(numbers),)).fetchall()
        articles = self._read_articles(connection, {row[1] for row in rows})
        vectors = compared.passages.copy()
        vectors |= read_passage_vectors(connection, (n for n in numbers if n not in vectors), dimension)
        before = compared.sentences
        others = read_sentences(connection, (n for n in numbers if n not in before.starts), dimension)
        records = {}
        for number, article_number, ordinal, start, stop, heading, terms, length in rows:
            article, signature = articles[article_number]
            spans, own = (before if number in before.starts else others).of(number)
            records[number] = Record(
                number, article, Passage(article.id, ordinal, start, stop, spans, heading),
                vectors[number].copy(), own,  # copies, lest one record keep the vectors of all
                Terms(terms), length, signature,
            )  # fmt: skip
        return records

    def _read_articles(self, connection: apsw.Connection, numbers: set[int]) -> dict[int, tuple[Article, bytes]]:
        found = self._articles.find(numbers)
        read = read_articles(connection, numbers - found.keys())
        self._articles.keep(read)
        return found | read
