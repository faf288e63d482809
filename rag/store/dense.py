"""Nearest passages by the cosine of vectors: FAISS, over passages or over their sentences."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.store.tables import matrix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_MANY = 100_000  # rows from which a search is worth several threads
_BATCH = 4096  # rows in memory beside the index while it is built


def _faiss() -> Any:
    import faiss

    return faiss


@contextmanager
def _one_thread(rows: int) -> Iterator[None]:
    """Search a small index without OpenMP, whose threads wait for each other 8 ms on busy cores to save 0.2 ms."""
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if rows < _MANY else before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)  # other work of this thread, such as building an index, wants them


def _empty_index(dimension: int) -> Any:
    """Choose the type of index. Flat is exact, and at a million rows of 384 takes 1.5 GB and some 50 ms.

    Another type has to bring its own SearchParameters in ``DenseIndex.search``.
    """
    faiss = _faiss()
    return faiss.IndexIDMap(faiss.IndexFlatIP(dimension))


class DenseIndex:
    """Vectors under the number of the passage that they belong to; a passage may have many."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, rows: Iterator[tuple[int, bytes]], dimension: int) -> DenseIndex:
        """Index (passage, vector) rows, the vectors as bytes of float16."""
        index = _empty_index(dimension)
        while batch := list(islice(rows, _BATCH)):
            passages, blobs = zip(*batch, strict=True)
            index.add_with_ids(matrix(blobs, dimension), np.array(passages, dtype=np.int64))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> DenseIndex:
        """Read a file whose hash has been verified: ``faiss.read_index`` has no check of its own."""
        return cls(_faiss().read_index(str(path)))

    def save(self, path: Path) -> None:
        try:
            _faiss().write_index(self._index, str(path))
        except RuntimeError as error:
            raise OSError(f"FAISS could not write its index: {error}") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self, vector: NDArray[np.float32], limit: int, allowed: NDArray[np.bool_] | None, *, width: int = 1
    ) -> dict[int, float]:
        """Return the ``limit`` passages with the nearest vectors and their cosines, best first.

        ``allowed``, indexed by passage, says which take part. ``width`` is how many vectors to expect of a passage.
        """
        parameters = None
        if allowed is not None:
            faiss = _faiss()
            selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
            parameters = faiss.SearchParameters(sel=selector)
        wanted, best = limit * width, dict[int, float]()
        while True:
            rows = min(wanted, len(self))
            if not rows:
                return best
            with _one_thread(len(self)):
                scores, passages = self._index.search(vector[np.newaxis], rows, params=parameters)
            for passage, score in zip(passages[0].tolist(), scores[0].tolist(), strict=True):
                if passage >= 0:  # -1 fills up what the selector left empty
                    best.setdefault(passage, score)
            if len(best) >= limit or rows == len(self) or passages[0, -1] < 0:
                return dict(islice(best.items(), limit))
            wanted *= 4
