"""One generation of a collection in memory, and the search of it: a snapshot, less what went, and what came since."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rag.store import rows
from rag.store.lexical import bm25, inverse_frequency
from rag.store.parts import Part
from rag.store.records import Compared
from rag.store.snapshots import DamagedSnapshotError
from rag.types import Filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import apsw
    from numpy.typing import NDArray

    from rag.store.parts import Snapshot
    from rag.store.records import Record
    from rag.store.tables import Meta

_SENTENCES = 4  # expected of a passage, when its nearest is looked for
_SLACK = 16  # lexical candidates beyond the limit, as tantivy's order is only nearly that of the exact scores
_MERGED = 4  # a part in memory is built again with what came after it, unless it has so many times as many passages


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """What a search needs, complete and never changed.

    ``parts`` are the snapshot's, where there is one, and those in memory, in the order of their passages; each with
    which of its passages are still there, indexed by their numbers, None for all. ``removed`` counts in how many of
    the others each term occurs.
    """

    meta: Meta
    snapshot: Snapshot | None
    parts: tuple[tuple[Part, NDArray[np.bool_] | None], ...]
    removed: Mapping[str, int]

    @classmethod
    def load(
        cls, connection: apsw.Connection, meta: Meta, snapshot: Snapshot | None, before: Generation | None = None
    ) -> Generation:
        """Add to a snapshot what has changed since; what ``before`` had in memory is used again.

        Raises DamagedSnapshotError where the snapshot is not one of this database.
        """
        if snapshot is not None and snapshot.contents.dimension != meta.dimension:
            snapshot = None  # all of its passages are gone
        base = [snapshot.part] if snapshot else []
        ours = before is not None and (before.snapshot, before.meta.dimension) == (snapshot, meta.dimension)
        parts = [part for part, _ in before.parts] if before is not None and ours else [*base]
        last, new = rows.last_passage(connection), 0
        if last > (parts[-1].last if parts else 0):
            new = last - (parts[-1].last if parts else 0)
            while len(parts) > len(base) and new * _MERGED >= len(parts[-1].columns):
                new += len(parts.pop().columns)
            parts.append(Part.build(connection, meta, after=parts[-1].last if parts else 0))
        gone = [part.gone(connection) for part in parts]
        if snapshot:
            _compare(connection, meta, snapshot, len(gone[0]))
        alive = tuple(_without(part, went) for part, went in zip(parts, gone, strict=True))
        removed = Counter(term for went in gone for _, terms in went for term in set(terms.split(" ")))
        return cls(meta, snapshot, tuple(zip(parts, alive, strict=True)), removed)

    def weights(self, terms: Sequence[str]) -> tuple[dict[str, int], dict[str, float]]:
        """Return in how many passages each term occurs, and the weight of each that occurs at all."""
        frequencies = {
            term: sum(part.lexical.frequency(term) for part, _ in self.parts) - self.removed.get(term, 0)
            for term in terms
        }
        weights = {
            term: inverse_frequency(self.meta.passages, count) for term, count in frequencies.items() if count > 0
        }
        return frequencies, weights

    def only(self, filters: Filters) -> Generation:
        """Return the generation with those passages alone that the filters let through; what it counts stays."""
        if filters == Filters():
            return self
        parts = []
        for part, alive in self.parts:
            mask = part.columns.passing(filters)
            parts.append((part, mask if alive is None else mask & alive))
        return replace(self, parts=tuple(parts))

    def nearest(
        self, connection: apsw.Connection, vector: NDArray[np.float32], limit: int
    ) -> tuple[set[int], Compared]:
        """Return the ``limit`` passages with the nearest vector and the ``limit`` with the nearest sentence.

        Beside them, what had to be read to tell which those are: nothing where the indexes do.
        """
        passages: dict[int, float] = {}
        sentences: dict[int, float] = {}
        for part, mask in self.parts:
            passages |= part.passages.search(vector, limit, mask)
            sentences |= part.sentences.search(vector, limit, mask, width=_SENTENCES)
        compared = Compared()
        if not all(part.exact for part, _ in self.parts):
            read = rows.read_sentences(connection, sentences, len(vector))
            compared = Compared(rows.read_passage_vectors(connection, passages, len(vector)), read)
            passages = {number: float(found @ vector) for number, found in compared.passages.items()}
            nearest = np.maximum.reduceat(read.vectors @ vector, list(read.starts.values())).tolist()
            sentences = dict(zip(read.starts, nearest, strict=True))
        return _best(passages, limit) | _best(sentences, limit), compared

    def matching(self, weights: Mapping[str, float], limit: int) -> set[int]:
        """Return passages among which are the ``limit`` with the greatest BM25 scores."""
        return {passage for part, mask in self.parts for passage in part.lexical.search(weights, limit + _SLACK, mask)}

    def scores(self, records: Iterable[Record], weights: Mapping[str, float]) -> dict[int, float]:
        """Return the BM25 score of each record, by its number, with the statistics of the whole collection."""
        mean_length = max(self.meta.length / max(self.meta.passages, 1), 1.0)
        return {
            record.number: bm25(record.terms.counts(weights), record.length, mean_length, weights) for record in records
        }


def best_matching(scores: Mapping[int, float], matching: Iterable[int], limit: int) -> set[int]:
    """Return the ``limit`` best of some passages."""
    return _best({passage: scores[passage] for passage in matching}, limit)


def _best(scores: Mapping[int, float], limit: int) -> set[int]:
    return set(sorted(scores, key=lambda passage: (-scores[passage], passage))[:limit])


def _without(part: Part, gone: Sequence[tuple[int, str]]) -> NDArray[np.bool_] | None:
    if not gone:
        return None
    alive = part.columns.mask()
    alive[[passage for passage, _ in gone]] = False
    return alive


def _compare(connection: apsw.Connection, meta: Meta, snapshot: Snapshot, gone: int) -> None:
    contents = snapshot.contents
    added = rows.count_passages(connection, contents.last)
    if contents.generation > meta.generation or contents.passages - gone + added != meta.passages:
        raise DamagedSnapshotError(snapshot.folder, "does not belong to this state of the database")
