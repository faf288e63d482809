"""Nearest passages by the cosine of vectors: FAISS, over passages or over their sentences.

Up to ``EXACT`` rows are all compared, in half precision. More are put into inverted lists, of which a question looks
into those nearest to it, and shortened to two bits a number; what that finds is only near the best, and its scores only
near the true ones: whoever asks compares the vectors themselves (``docs/scale.md`` has what was measured).
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.store.rows import matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

EXACT = 50_000  # rows: some 2 ms of one core
SAMPLE = 40  # vectors a list to learn the lists from: fewer, and FAISS warns
SPARE = 3  # approximate rows taken for each that is wanted, where all passages take part
_PROBED = 250  # lists that a question looks into where all passages take part: of some sqrt(rows) / 2 rows each
_ROUNDS = 8  # of k-means over the sample
_BATCH = 4096  # rows in memory beside the index while it is built


def _faiss() -> Any:
    import faiss

    return faiss


@contextmanager
def _one_thread() -> Iterator[None]:
    """Work without OpenMP. Its threads share out questions, so that one question only waits for them; in a build they
    wait for each other in every small step, six times as long as one works where other programs want the cores too.
    """
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def lists(rows: int) -> int:
    """Return how many inverted lists so many rows want, 0 where all are compared."""
    return 0 if rows <= EXACT else round(2 * math.sqrt(rows))


class DenseIndex:
    """Vectors under the number of the passage that they belong to; a passage may have many."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self.lists: int = getattr(index, "nlist", 0)
        """How many inverted lists there are, 0 where the search is exact."""

    @classmethod
    def exact(cls, dimension: int) -> DenseIndex:
        """Return an empty index whose search compares every row."""
        faiss = _faiss()
        flat = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        return cls(faiss.IndexIDMap(flat))

    @classmethod
    def learnt(cls, sample: NDArray[np.float32], lists: int) -> DenseIndex:
        """Return an empty index of so many inverted lists, learnt from vectors of shape (sample, dimension)."""
        faiss = _faiss()
        dimension = sample.shape[1]
        pairs = dimension // 2 if dimension % 2 == 0 else dimension
        # r: what is shortened is the difference from the middle of the list.
        made = faiss.index_factory(dimension, f"IVF{lists},PQ{pairs}x4fsr", faiss.METRIC_INNER_PRODUCT)
        made.cp.niter = _ROUNDS
        with _one_thread():
            made.train(sample)
        return cls(made)

    def extend(self, rows: Iterable[tuple[int, bytes]]) -> DenseIndex:
        """Add (passage, vector) rows, the vectors as bytes of float16, and return the index."""
        rows, dimension = iter(rows), self._index.d
        while batch := list(islice(rows, _BATCH)):
            passages, blobs = zip(*batch, strict=True)
            with _one_thread():
                self._index.add_with_ids(matrix(blobs, dimension), np.array(passages, dtype=np.int64))
        return self

    @classmethod
    def load(cls, path: Path, *, mapped: bool = False) -> DenseIndex:
        """Read a file whose hash has been verified: ``faiss.read_index`` has no check of its own.

        ``mapped`` leaves the vectors of an exact index in the file, and nothing can be added to it then. Those of
        inverted lists are copied all the same (FAISS 1.15), so that it would only hold both.
        """
        faiss = _faiss()
        return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0))

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

        Where the search is not exact, they are among what is returned, and its cosines are not; where few take part,
        all of those are returned. ``allowed``, indexed by passage, says which take part. ``width`` is how many vectors
        to expect of a passage.
        """
        part = 1.0  # about, of all rows, that takes part
        if allowed is not None:
            count = np.count_nonzero(allowed)
            if self.lists and count <= SPARE * limit:
                return dict.fromkeys(np.flatnonzero(allowed).tolist(), 0.0)
            part = min(width * max(int(count), 1) / max(len(self), 1), 1.0)
        best = dict[int, float]()
        # The fewer take part, the farther off they lie, and the nearer to each other: more lists, and more rows.
        wanted = math.ceil(limit * SPARE / part**0.25) if self.lists else limit * width
        probed = min(math.ceil(_PROBED / math.sqrt(part)), self.lists)
        while rows := min(wanted, len(self)):
            with _one_thread():
                scores, passages = self._index.search(vector[np.newaxis], rows, params=self._looking(allowed, probed))
            for passage, score in zip(passages[0].tolist(), scores[0].tolist(), strict=True):
                if passage >= 0:  # -1 fills up what the selector left empty
                    best.setdefault(passage, score)
            if len(best) >= limit or (probed >= self.lists and (rows == len(self) or passages[0, -1] < 0)):
                break
            wanted, probed = 4 * wanted, 4 * probed
        return best if self.lists else dict(islice(best.items(), limit))

    def _looking(self, allowed: NDArray[np.bool_] | None, probed: int) -> Any:
        faiss = _faiss()
        selected = {}
        if allowed is not None:
            selected["sel"] = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        if self.lists:
            return faiss.SearchParametersIVF(nprobe=min(probed, self.lists), **selected)
        return faiss.SearchParameters(**selected) if selected else None
