"""The indexes over a run of passages: those of a snapshot, in its files, or those in memory that came after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.store import dense, tables
from rag.store.columns import Columns
from rag.store.dense import DenseIndex
from rag.store.lexical import LexicalIndex
from rag.store.snapshots import Contents, DamagedSnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import apsw

    from rag.store.snapshots import Pointer, Snapshots
    from rag.store.tables import Meta

    Rows = Callable[[apsw.Connection, Iterable[int]], Iterator[tuple[int, bytes]]]

# Where more than this part of an index's passages are gone, or so many that readers would wait for their terms to be
# counted after each write, the next is made of what is there.
_GONE_PART, _GONE_MOST = 0.1, 20_000
_GROWN = 1.5  # lists wanted for each there is: so many more, at 2.25 times the rows, and they are learnt anew


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The indexes over passages with numbers up to ``last``.

    Those that went after the generation ``since`` are still in them.
    """

    passages: DenseIndex
    sentences: DenseIndex
    lexical: LexicalIndex
    columns: Columns
    since: int
    last: int

    @classmethod
    def build(cls, connection: apsw.Connection, meta: Meta, *, after: int = 0, folder: Path | None = None) -> Part:
        """Index the passages with greater numbers than ``after``, the lexical part in ``folder`` or in memory."""
        columns = Columns.build(tables.column_rows(connection, after))
        lexical = LexicalIndex.build(tables.term_rows(connection, after), folder)
        sentences = meta.sentences if not after else tables.count_sentences(connection, after)
        return cls(
            _empty(connection, meta, columns, len(columns), tables.rows_of_passages).extend(
                tables.passage_rows(connection, after)
            ),
            _empty(connection, meta, columns, sentences, tables.rows_of_sentences).extend(
                tables.sentence_rows(connection, after)
            ),
            lexical, columns, meta.generation, tables.last_passage(connection),
        )  # fmt: skip

    def extended(self, connection: apsw.Connection, before: Path, folder: Path) -> Part:
        """Add what came since to these indexes, which nobody else may use, the lexical part to a copy of ``before``."""
        lexical = LexicalIndex.extended(before, tables.term_rows(connection, self.last), folder)
        return Part(
            self.passages.extend(tables.passage_rows(connection, self.last)),
            self.sentences.extend(tables.sentence_rows(connection, self.last)),
            lexical, self.columns.extended(tables.column_rows(connection, self.last)),
            self.since, tables.last_passage(connection),
        )  # fmt: skip

    @property
    def exact(self) -> bool:
        """Whether what a search finds is certainly the nearest."""
        return not (self.passages.lists or self.sentences.lists)

    def gone(self, connection: apsw.Connection) -> list[tuple[int, str]]:
        """Return the (passage, terms) that are in the indexes, and not in the collection any more."""
        here = self.columns.mask()
        return [row for row in tables.removed_rows(connection, self.since, self.last) if here[row[0]]]


def _empty(connection: apsw.Connection, meta: Meta, columns: Columns, rows: int, sampled: Rows) -> DenseIndex:
    """Return an index for so many rows, learnt from those of passages at equal distances where it has to learn."""
    assert meta.dimension is not None
    wanted = dense.lists(rows)
    if not wanted:
        return DenseIndex.exact(meta.dimension)
    count = min(wanted * dense.SAMPLE * len(columns) // rows + 1, len(columns))
    chosen = columns.passages[np.linspace(0, len(columns) - 1, count).astype(np.intp)]
    blobs = [blob for _, blob in sampled(connection, chosen.tolist())]
    return DenseIndex.learnt(tables.matrix(blobs, meta.dimension), wanted)


@dataclass(frozen=True, slots=True, eq=False)
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
            part = Part(
                DenseIndex.load(folder / "passages.faiss"),
                DenseIndex.load(folder / "sentences.faiss"),
                LexicalIndex.load(folder / "lexical"),
                Columns.load(folder / "columns.npz"),
                contents.since,
                contents.last,
            )
        except (OSError, RuntimeError) as error:  # RuntimeError is FAISS's own
            raise DamagedSnapshotError(folder, f"cannot be opened ({error})") from error
        counts = {len(part.passages), len(part.lexical), len(part.columns)}
        if (counts, len(part.sentences)) != ({contents.passages}, contents.sentences):
            raise DamagedSnapshotError(folder, "does not hold as many rows as its manifest says")
        return cls(pointer, folder, contents, part)


def write_snapshot(connection: apsw.Connection, meta: Meta, folder: Path, before: Snapshot | None = None) -> Contents:
    """Index the whole collection as the transaction sees it into the files of an empty folder.

    What came after a snapshot ``before`` is added to its indexes, which nobody else may use, where they still fit: to
    build those of a million passages takes minutes, to add to them seconds.
    """
    assert meta.dimension is not None
    lexical = folder / "lexical"
    lexical.mkdir()
    if before and _fits(connection, meta, before):
        part = before.part.extended(connection, before.folder / "lexical", lexical)
    else:
        part = Part.build(connection, meta, folder=lexical)
    part.passages.save(folder / "passages.faiss")
    part.sentences.save(folder / "sentences.faiss")
    part.columns.save(folder / "columns.npz")
    return Contents(meta.generation, part.since, part.last, len(part.columns), len(part.sentences), meta.dimension)


def _fits(connection: apsw.Connection, meta: Meta, before: Snapshot) -> bool:
    part = before.part
    return (
        before.contents.dimension == meta.dimension
        and before.contents.generation <= meta.generation
        and len(part.gone(connection)) <= min(_GONE_PART * len(part.columns), _GONE_MOST)
        and dense.lists(meta.passages) <= _GROWN * part.passages.lists
        and dense.lists(meta.sentences) <= _GROWN * part.sentences.lists
    )
