"""The indexes over a run of passages: those of a snapshot, in its files, or those in memory that came after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.store import dense, rows
from rag.store.columns import Columns
from rag.store.dense import DenseIndex
from rag.store.lexical import LexicalIndex
from rag.store.snapshots import Contents, DamagedSnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import apsw
    from numpy.typing import NDArray

    from rag.store.snapshots import Pointer, Snapshots
    from rag.store.tables import Meta

    Sample = Callable[[apsw.Connection, Sequence[int], int], NDArray[np.float32]]

# Where more than this part of an index's passages are gone, or so many that readers would wait for their terms to be
# counted after each write, the next is made of what is there.
_GONE_PART, _GONE_MOST = 0.1, 20_000
STEP = 200_000  # passages that a build indexes until it keeps what it has: a minute or two
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
    def build(
        cls,
        connection: apsw.Connection,
        meta: Meta,
        *,
        after: int = 0,
        until: int | None = None,
        folder: Path | None = None,
    ) -> Part:
        """Index the passages with greater numbers than ``after``, the lexical part in ``folder`` or in memory.

        Those up to ``until``, where it is given, with as many lists as all will want.
        """
        columns = Columns.build(rows.column_rows(connection, after, until))
        lexical = LexicalIndex.build(rows.term_rows(connection, after, until), folder)
        passages = rows.count_passages(connection, after)
        sentences = meta.sentences if not after else rows.count_sentences(connection, after)
        return cls(
            _empty(connection, meta, after, passages, _passages).extend(
                rows.passage_rows(connection, after, until)
            ),
            _empty(connection, meta, after, sentences, _sentences).extend(
                rows.sentence_rows(connection, after, until)
            ),
            lexical, columns, meta.generation, until or rows.last_passage(connection),
        )  # fmt: skip

    def extended(self, connection: apsw.Connection, before: Path, folder: Path, until: int | None) -> Part:
        """Add what came since to these indexes, which nobody else may use, the lexical part to a copy of ``before``."""
        lexical = LexicalIndex.extended(before, rows.term_rows(connection, self.last, until), folder)
        return Part(
            self.passages.extend(rows.passage_rows(connection, self.last, until)),
            self.sentences.extend(rows.sentence_rows(connection, self.last, until)),
            lexical, self.columns.extended(rows.column_rows(connection, self.last, until)),
            self.since, until or rows.last_passage(connection),
        )  # fmt: skip

    @property
    def exact(self) -> bool:
        """Whether what a search finds is certainly the nearest."""
        return not (self.passages.lists or self.sentences.lists)

    def gone(self, connection: apsw.Connection) -> list[tuple[int, str]]:
        """Return the (passage, terms) that are in the indexes, and not in the collection any more."""
        here = self.columns.mask()
        return [row for row in rows.removed_rows(connection, self.since, self.last) if here[row[0]]]


def _empty(connection: apsw.Connection, meta: Meta, after: int, count: int, sampled: Sample) -> DenseIndex:
    """Return an index for so many rows, learnt from those of passages at equal distances where it has to learn."""
    assert meta.dimension is not None
    wanted = dense.lists(count)
    if not wanted:
        return DenseIndex.exact(meta.dimension)
    numbers = rows.passage_numbers(connection, after)
    sample = min(wanted * dense.SAMPLE * len(numbers) // count + 1, len(numbers))
    chosen = [numbers[place] for place in np.linspace(0, len(numbers) - 1, sample).astype(np.intp)]
    return DenseIndex.learnt(sampled(connection, chosen, meta.dimension), wanted)


def _passages(connection: apsw.Connection, numbers: Sequence[int], dimension: int) -> NDArray[np.float32]:
    return np.array([*rows.read_passage_vectors(connection, numbers, dimension).values()])


def _sentences(connection: apsw.Connection, numbers: Sequence[int], dimension: int) -> NDArray[np.float32]:
    return rows.read_sentences(connection, numbers, dimension).vectors


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """An opened snapshot."""

    pointer: Pointer
    folder: Path
    contents: Contents
    part: Part

    @classmethod
    def load(cls, snapshots: Snapshots, pointer: Pointer, *, mapped: bool = False) -> Snapshot:
        """Verify and open a snapshot; ``mapped``, to search it alone. Raises DamagedSnapshotError."""
        contents, folder = snapshots.contents(pointer), snapshots.verified(pointer)
        try:
            part = Part(
                DenseIndex.load(folder / "passages.faiss", mapped=mapped and not dense.lists(contents.passages)),
                DenseIndex.load(folder / "sentences.faiss", mapped=mapped and not dense.lists(contents.sentences)),
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


def write_snapshot(
    connection: apsw.Connection,
    meta: Meta,
    folder: Path,
    before: Snapshot | None = None,
    until: int | None = None,
) -> Contents:
    """Index the collection as the transaction sees it, or up to a passage, into the files of an empty folder.

    What came after a snapshot ``before`` that ``fits`` is added to its indexes, which nobody else may use: to build
    those of a million passages takes minutes, to add to them seconds.
    """
    assert meta.dimension is not None
    lexical = folder / "lexical"
    lexical.mkdir()
    if before:
        part = before.part.extended(connection, before.folder / "lexical", lexical, until)
    else:
        part = Part.build(connection, meta, until=until, folder=lexical)
    part.passages.save(folder / "passages.faiss")
    part.sentences.save(folder / "sentences.faiss")
    part.columns.save(folder / "columns.npz")
    return Contents(meta.generation, part.since, part.last, len(part.columns), len(part.sentences), meta.dimension)


def fits(connection: apsw.Connection, meta: Meta, before: Snapshot) -> bool:
    """Whether the indexes of a snapshot can be added to, rather than be made anew."""
    part = before.part
    return (
        before.contents.dimension == meta.dimension
        and before.contents.generation <= meta.generation
        and len(part.gone(connection)) <= min(_GONE_PART * len(part.columns), _GONE_MOST)
        and dense.lists(meta.passages) <= _GROWN * part.passages.lists
        and dense.lists(meta.sentences) <= _GROWN * part.sentences.lists
    )
