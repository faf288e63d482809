"""The store of one machine: a folder with a SQLite database, and indexes that are derived from it.

The database is the truth, and its commit the acknowledgement of a write. The indexes are a snapshot of one generation;
what was written after it is indexed in memory by each process that reads. Any number of processes may read while one
writes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import ArticleNotFound, EncoderError
from rag.store import integrity, tables
from rag.store.database import Database
from rag.store.generation import best_matching
from rag.store.indexes import Indexes
from rag.store.records import Records
from rag.store.rows import matrix
from rag.store.whole import Whole
from rag.types import Filters, Problem, SearchResult, StoreState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from rag.types import Article, ArticleSummary, Entry, Origin


class EmbeddedStore:
    """A collection in a folder; see ``rag.protocols.Store`` for what its methods promise.

    ``busy_timeout`` is how many seconds a write waits for another process. ``notices`` tells what was mended without
    being asked: a snapshot that was found damaged, or one that could not be written. Safe for threads.

    Raises CollectionNotFound, StorageFull, SchemaTooNew, StoreError.
    """

    def __init__(self, folder: Path, *, create: bool = True, busy_timeout: float = 10.0) -> None:
        self._folder = folder
        self._database = Database(folder, create=create, busy_timeout=busy_timeout)
        self._indexes = Indexes(folder / "snapshots", self._database, busy_timeout)
        self._records = Records()
        if not self._database.read_only:
            try:
                self._indexes.clean()
            except BaseException:
                self.close()
                raise

    @property
    def notices(self) -> list[Problem]:
        return self._indexes.notices

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def put(self, entries: Iterable[Entry]) -> None:
        """Add or replace articles: see ``Store.put``. Raises ValueError where the parts of an entry do not fit."""
        written, other = False, None
        with self._database.writing() as connection:
            meta = tables.read_meta(connection)
            for entry in entries:
                _check(entry)
                if not written:
                    self._indexes.begin(connection)
                tables.remove_articles(connection, [entry.article.id])
                tables.add_article(connection, entry)
                written = True
                if (entry.fingerprint, entry.passage_vectors.shape[1]) != (meta.fingerprint, meta.dimension):
                    other = entry
            if other:
                tables.change_encoder(connection, other, meta)
        if written:
            self._indexes.follow()

    def keep(self, entries: Iterable[Entry]) -> None:
        with self._database.writing() as connection:
            for entry in entries:
                _check(entry)
                tables.add_vectors(connection, entry)

    def remove(self, article_ids: Iterable[str]) -> int:
        wanted = set(article_ids)
        with self._database.writing() as connection:
            removed = tables.count_articles(connection, wanted)
            if removed:
                self._indexes.begin(connection)
                tables.remove_articles(connection, wanted)
        if removed:
            self._indexes.follow()
        return removed

    def search(
        self,
        vector: NDArray[np.float32],
        terms: Sequence[str],
        *,
        limit: int,
        filters: Filters = Filters(),  # noqa: B008 - frozen
    ) -> SearchResult:
        """Search one generation: see ``Store.search``. A term given twice counts once.

        ``frequencies`` and ``passages`` are of the whole collection, whatever the filters. Raises
        EncoderError where the vector has another dimension than the collection's.
        """
        terms = tuple(dict.fromkeys(terms))
        with self._indexes.reading() as (connection, meta, generation):
            if generation is None or not meta.passages:
                return SearchResult((), dict.fromkeys(terms, 0), 0, meta.generation, meta.fingerprint)
            if vector.shape != (meta.dimension,):
                raise EncoderError("vector_dimension_differs", found=vector.size, expected=meta.dimension)
            frequencies, weights = generation.weights(terms)
            among = generation.only(filters)
            nearest, compared = among.nearest(connection, vector, limit)
            matching = among.matching(weights, limit) if weights else set()
            records = self._records.get(connection, nearest | matching, len(vector), compared)
        scores = generation.scores(records, weights)
        chosen = nearest | best_matching(scores, matching, limit)
        return SearchResult(
            tuple(record.candidate(scores[record.number]) for record in records if record.number in chosen),
            frequencies, meta.passages, meta.generation, meta.fingerprint,
        )  # fmt: skip

    def article(self, article_id: str) -> Article:
        with self._database.reading() as connection:
            article = tables.read_article(connection, article_id)
        if article is None:
            raise self._no_article(article_id)
        return article

    def passages(self, article_id: str) -> tuple[tuple[int, int], ...]:
        with self._database.reading() as connection:
            if tables.read_article(connection, article_id) is None:
                raise self._no_article(article_id)
            return tables.read_spans(connection, article_id)

    def _no_article(self, article_id: str) -> ArticleNotFound:
        return ArticleNotFound("article_not_found", id=article_id, folder=self._folder)

    def articles(self, filters: Filters = Filters()) -> Iterator[ArticleSummary]:  # noqa: B008 - frozen
        with self._database.reading() as connection:
            summaries = tables.read_summaries(connection, filters)
        yield from summaries

    def vectors(self, fingerprint: str, digests: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        with self._database.reading() as connection:
            kept = tables.read_vectors(connection, fingerprint, digests)
        return {digest: matrix([blob], len(blob) // 2)[0] for digest, blob in kept.items()}

    def origins(self) -> Mapping[str, Origin]:
        with self._database.reading() as connection:
            return tables.read_origins(connection)

    def remember(self, origins: Iterable[Origin], gone: Iterable[str] = ()) -> None:
        with self._database.writing() as connection:
            tables.write_origins(connection, origins, gone)

    def state(self) -> StoreState:
        with self._database.reading() as connection:
            meta = tables.read_meta(connection)
            languages = tables.count_languages(connection)
        size = sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())
        return StoreState(
            meta.generation, sum(languages.values()), meta.passages, meta.sentences, languages, meta.fingerprint, size
        )

    def check(self, repair: bool = False) -> tuple[Problem, ...]:
        """Compare the indexes with the database, and the database with itself; report ``notices`` too."""
        transaction = self._database.writing() if repair else self._database.reading()
        with transaction as connection:
            if broken := integrity.broken(connection, self._database.path):
                return (*self.notices, *broken)  # nothing can be derived from it
            found = list(integrity.untidy(connection, self._database.path, repair=repair))
            meta = tables.read_meta(connection)
            damaged = integrity.damaged_snapshot(connection, meta, self._indexes.snapshots)
        if damaged and repair:
            self._indexes.write(anew=True)
        if damaged:
            found.append(Problem("index_rebuilt" if repair else "index_damaged", {"path": damaged}, repaired=repair))
        return (*self.notices, *found)

    @contextmanager
    def whole(self) -> Iterator[Whole]:
        """Lend all that the collection holds, as of one generation."""
        with self._database.reading() as connection:
            yield Whole(connection)

    def adopt(self, fingerprint: str, vectors: Iterable[tuple[str, bytes]]) -> None:
        """Keep (digest, vector) pairs of an encoder, bytes of float16, for ``vectors``."""
        with self._database.writing() as connection:
            tables.write_vectors(connection, fingerprint, vectors)

    def backup(self, path: Path) -> None:
        """Write one generation of the collection into a new database, while others go on reading and writing.

        Raises StorageFull, StoreError.
        """
        self._database.copy(path)

    def snapshot(self) -> None:
        self._indexes.write()


def _check(entry: Entry) -> None:
    """Raises ValueError where the parts of an entry do not fit together, EncoderError where a vector is no vector."""
    name, passages, sentences = entry.article.id, len(entry.passages), sum(len(p.sentences) for p in entry.passages)
    counts = (len(entry.terms), len(entry.passage_digests), len(entry.passage_vectors))
    if set(counts) != {passages} or {len(entry.sentence_digests), len(entry.sentence_vectors)} != {sentences}:
        raise ValueError(
            f"The entry of {name} has {passages} passages and {sentences} sentences, and not as many of all"
        )
    if any(not term or term.split() != [term] for terms in entry.terms for term in terms):
        raise ValueError(f"A term of {name} is empty or holds white space")
    shapes = {entry.passage_vectors.shape[1:], entry.sentence_vectors.shape[1:]}
    finite = np.isfinite(entry.passage_vectors).all() and np.isfinite(entry.sentence_vectors).all()
    if len(shapes) != 1 or len(shapes.pop()) != 1 or not finite:
        raise EncoderError("vectors_invalid", id=name)
