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

_BATCH = 4096  # rows in memory beside the index while it is built


def _faiss() -> Any:
    import faiss

    return faiss


@contextmanager
def _one_thread() -> Iterator[None]:
    """Search without OpenMP: its threads share out questions, not rows, so that one question only waits for them."""
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)  # other work of this thread, such as building an index, wants them


def _empty_index(dimension: int) -> Any:
    """Choose the type of index. In half precision, as the vectors are stored, a flat one is exact, takes .8 GB for a
    million rows of 384, and half the time of single precision (``python -m bench.latency``).

    Another type has to bring its own SearchParameters in ``DenseIndex.search``.
    """
    faiss = _faiss()
    flat = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap(flat)


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
            with _one_thread():
                scores, passages = self._index.search(vector[np.newaxis], rows, params=parameters)
            for passage, score in zip(passages[0].tolist(), scores[0].tolist(), strict=True):
                if passage >= 0:  # -1 fills up what the selector left empty
                    best.setdefault(passage, score)
            if len(best) >= limit or rows == len(self) or passages[0, -1] < 0:
                return dict(islice(best.items(), limit))
            wanted *= 4
