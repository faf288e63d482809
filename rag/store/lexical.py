"""Passages that hold the terms of a query: candidates from tantivy, scores from BM25 as written here.

tantivy keeps the length of a passage in a byte and the statistics of its own index, so its scores are near but not
equal across a snapshot and what came after it. It names the candidates, and ``bm25`` scores each with exact numbers.
"""

from __future__ import annotations

import math
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

K1, B = 1.2, 0.75  # as in Lucene and tantivy
# So many allowed passages, or so small a part of all, are given to tantivy by number, 10 ms for a thousand; more are
# sifted out of what it returns.
_FEW, _FEW_PART = 1024, 1 / 256
_HEAP = 64 << 20  # bytes that tantivy fills before it writes a segment


def inverse_frequency(passages: int, frequency: int) -> float:
    """Weight of a term that ``frequency`` of ``passages`` hold, never negative: Lucene's variant of Robertson's."""
    return math.log1p((passages - frequency + 0.5) / (frequency + 0.5))


def bm25(counts: Mapping[str, int], length: int, mean_length: float, weights: Mapping[str, float]) -> float:
    """Score a passage of ``length`` terms, of which it has ``counts``, by those that have a weight.

    The formula is (3.15) of https://doi.org/10.1561/1500000019 times k1 + 1.
    """
    norm = K1 * (1 - B + B * length / mean_length)
    score = 0.0
    for term, weight in weights.items():
        if count := counts.get(term):
            score += weight * (K1 + 1) * count / (count + norm)
    return score


def _register(index: Any) -> None:
    import tantivy

    # Terms are analysed already: cut them at the spaces they were joined by, and change nothing.
    index.register_tokenizer("terms", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise OSError(f"tantivy could not {what} its index: {error}") from error


class LexicalIndex:
    """The analysed terms of passages, under the passages' numbers."""

    def __init__(self, index: Any) -> None:
        index.config_reader("manual")  # no thread that watches a folder which never changes
        index.reload()
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def build(cls, rows: Iterable[tuple[int, str]], folder: Path | None = None) -> LexicalIndex:
        """Index (passage, terms joined by spaces) rows, in memory where there is no folder."""
        import tantivy

        schema = tantivy.SchemaBuilder()
        schema.add_unsigned_field("passage", indexed=True, fast=True)
        schema.add_text_field("terms", tokenizer_name="terms", index_option="freq")
        with _translated("write"):
            return cls._add(tantivy.Index(schema.build(), path=str(folder) if folder else None), rows)

    @classmethod
    def extended(cls, before: Path, rows: Iterable[tuple[int, str]], folder: Path) -> LexicalIndex:
        """Add rows to a copy of the index in a folder whose hashes have been verified."""
        import tantivy

        shutil.copytree(before, folder, dirs_exist_ok=True)
        with _translated("write"):
            return cls._add(tantivy.Index.open(str(folder)), rows)

    @classmethod
    def _add(cls, index: Any, rows: Iterable[tuple[int, str]]) -> LexicalIndex:
        import tantivy

        _register(index)
        writer = index.writer(heap_size=_HEAP, num_threads=1)
        for passage, terms in rows:
            document = tantivy.Document()
            document.add_unsigned("passage", passage)
            document.add_text("terms", terms)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        return cls(index)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Open a folder whose hashes have been verified. Raises OSError."""
        import tantivy

        with _translated("open"):
            index = tantivy.Index.open(str(folder))
            _register(index)
            return cls(index)

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def frequency(self, term: str) -> int:
        """Return how many passages of this index hold a term."""
        return int(self._searcher.doc_freq("terms", term))

    def search(self, weights: Mapping[str, float], limit: int, allowed: NDArray[np.bool_] | None) -> list[int]:
        """Return up to ``limit`` passages that hold any of the terms, by about their BM25 scores, best first."""
        query = self._query(weights)
        count = len(self) if allowed is None else np.count_nonzero(allowed)
        few = count <= max(_FEW, _FEW_PART * len(self))
        if allowed is not None and few:
            query = self._among(query, allowed)
        wanted = limit if few else math.ceil(limit * len(self) / count)
        while True:
            hits = self._searcher.search(query, wanted, count=False).hits
            addresses = [address for _, address in hits]
            found = self._searcher.fast_field_values("passage", addresses) if addresses else []
            kept = found if allowed is None or few else [passage for passage in found if allowed[passage]]
            if len(kept) >= limit or len(hits) < wanted:
                return [int(passage) for passage in kept[:limit]]
            wanted *= 4

    def _query(self, weights: Mapping[str, float]) -> Any:
        from tantivy import Occur, Query

        clauses = []
        for term, weight in weights.items():
            if frequency := self.frequency(term):
                # Replace tantivy's weight, of this index alone, by the one of the whole collection.
                boost = weight / inverse_frequency(len(self), frequency)
                clauses.append(
                    (Occur.Should, Query.boost_query(Query.term_query(self._schema, "terms", term, "freq"), boost))
                )
        return Query.boolean_query(clauses)

    def _among(self, query: Any, allowed: NDArray[np.bool_]) -> Any:
        from tantivy import Occur, Query

        passages = Query.term_set_query(self._schema, "passage", allowed.nonzero()[0].tolist())
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.const_score_query(passages, 0.0))])
