"""One generation of a collection in memory, and the search of it: a snapshot, less what went, and what came since."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.store import tables
from rag.store.dense import DenseIndex
from rag.store.lexical import LexicalIndex, bm25, inverse_frequency
from rag.store.snapshots import Contents, DamagedSnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import apsw
    from numpy.typing import NDArray

    from rag.store.records import Record
    from rag.store.snapshots import Pointer, Snapshots
    from rag.store.tables import Meta

_SENTENCES = 4  # expected of a passage, when its nearest is looked for
_SLACK = 16  # lexical candidates beyond the limit, as tantivy's order is only nearly that of the exact scores


@dataclass(frozen=True, slots=True)
class Part:
    """The three indexes over a set of passages."""

    passages: DenseIndex
    sentences: DenseIndex
    lexical: LexicalIndex

    @classmethod
    def build(cls, connection: apsw.Connection, dimension: int, *, after: int = 0, folder: Path | None = None) -> Part:
        """Index the passages with greater numbers than ``after``, the lexical part in ``folder`` or in memory."""
        return cls(
            DenseIndex.build(tables.passage_rows(connection, after), dimension),
            DenseIndex.build(tables.sentence_rows(connection, after), dimension),
            LexicalIndex.build(tables.term_rows(connection, after), folder),
        )

    @property
    def counts(self) -> tuple[int, int, int]:
        """Passages by their terms, passages by their vectors, sentences."""
        return len(self.lexical), len(self.passages), len(self.sentences)

    @classmethod
    def load(cls, folder: Path) -> Part:
        return cls(
            DenseIndex.load(folder / "passages.faiss"),
            DenseIndex.load(folder / "sentences.faiss"),
            LexicalIndex.load(folder / "lexical"),
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An opened snapshot."""

    pointer: Pointer
    folder: Path
    contents: Contents
    part: Part

    @classmethod
    def load(cls, snapshots: Snapshots, pointer: Pointer) -> Snapshot:
        """Verify and open a snapshot. Raises DamagedSnapshotError."""
        contents, folder = snapshots.contents(pointer), snapshots.verified(pointer)
        try:
            part = Part.load(folder)
        except (OSError, RuntimeError) as error:  # RuntimeError is FAISS's own
            raise DamagedSnapshotError(folder, f"cannot be opened ({error})") from error
        if (contents.passages, contents.passages, contents.sentences) != part.counts:
            raise DamagedSnapshotError(folder, "does not hold as many rows as its manifest says")
        return cls(pointer, folder, contents, part)


def write_snapshot(connection: apsw.Connection, meta: Meta, folder: Path) -> Contents:
    """Index the whole collection as the transaction sees it into the files of an empty folder."""
    assert meta.dimension is not None
    (folder / "lexical").mkdir()
    part = Part.build(connection, meta.dimension, folder=folder / "lexical")
    part.passages.save(folder / "passages.faiss")
    part.sentences.save(folder / "sentences.faiss")
    return Contents(
        meta.generation, tables.last_passage(connection), len(part.passages), len(part.sentences), meta.dimension
    )


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """What a search needs, complete and never changed. ``parts`` pairs the indexes with the passages still in them."""

    meta: Meta
    last: int
    parts: tuple[tuple[Part, NDArray[np.bool_] | None], ...]
    removed: Mapping[str, int]

    @classmethod
    def load(cls, connection: apsw.Connection, meta: Meta, snapshot: Snapshot | None) -> Generation:
        """Add to a snapshot what has changed since. Raises DamagedSnapshotError where the two do not fit."""
        dimension = meta.dimension
        assert dimension is not None
        parts: list[tuple[Part, NDArray[np.bool_] | None]] = []
        removed: Counter[str] = Counter()
        after = 0
        if snapshot is not None:
            gone = _removed_since(connection, meta, snapshot)
            after = snapshot.contents.last
            if snapshot.contents.dimension == dimension:  # else all of its passages are gone
                removed.update(term for _, terms in gone for term in set(terms.split(" ")))
                parts.append((snapshot.part, _without([passage for passage, _ in gone], after)))
        last = tables.last_passage(connection)
        if last > after:
            parts.append((Part.build(connection, dimension, after=after), None))
        return cls(meta, last, tuple(parts), removed)

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

    def nearest(self, vector: NDArray[np.float32], limit: int, allowed: NDArray[np.bool_] | None) -> set[int]:
        """Return the ``limit`` passages with the nearest vector and the ``limit`` with the nearest sentence."""
        passages: dict[int, float] = {}
        sentences: dict[int, float] = {}
        for part, alive in self.parts:
            mask = alive if allowed is None else allowed
            passages |= part.passages.search(vector, limit, mask)
            sentences |= part.sentences.search(vector, limit, mask, width=_SENTENCES)
        return _best(passages, limit) | _best(sentences, limit)

    def matching(self, weights: Mapping[str, float], limit: int, allowed: NDArray[np.bool_] | None) -> set[int]:
        """Return passages among which are the ``limit`` with the greatest BM25 scores."""
        return {
            passage
            for part, alive in self.parts
            for passage in part.lexical.search(weights, limit + _SLACK, alive if allowed is None else allowed)
        }

    def scores(self, records: Iterable[Record], weights: Mapping[str, float]) -> dict[int, float]:
        """Return the BM25 score of each record, by its number, with the statistics of the whole collection."""
        mean_length = max(self.meta.length / max(self.meta.passages, 1), 1.0)
        return {record.number: bm25(record.counts(weights), record.length, mean_length, weights) for record in records}


def best_matching(scores: Mapping[int, float], matching: Iterable[int], limit: int) -> set[int]:
    """Return the ``limit`` best of some passages."""
    return _best({passage: scores[passage] for passage in matching}, limit)


def _best(scores: Mapping[int, float], limit: int) -> set[int]:
    return set(sorted(scores, key=lambda passage: (-scores[passage], passage))[:limit])


def _without(gone: Sequence[int], last: int) -> NDArray[np.bool_] | None:
    if not gone:
        return None
    alive = np.ones(last + 1, dtype=np.bool_)
    alive[list(gone)] = False
    return alive


def _removed_since(connection: apsw.Connection, meta: Meta, snapshot: Snapshot) -> list[tuple[int, str]]:
    """Return the (passage, terms) that the snapshot still holds and the collection does not."""
    contents = snapshot.contents
    gone = tables.removed_rows(connection, contents.generation, contents.last)
    added = tables.count_passages(connection, contents.last)
    if contents.generation > meta.generation or contents.passages - len(gone) + added != meta.passages:
        raise DamagedSnapshotError(snapshot.folder, "does not belong to this state of the database")
    return gone
