"""The store of one machine: a folder with a SQLite database, and indexes that are derived from it.

The database is the truth, and its commit the acknowledgement of a write. The indexes are a snapshot of one generation;
what was written after it is indexed in memory by each process that reads. Any number of processes may read while one
writes.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import ArticleNotFound, EncoderError, StorageFull, StoreBusy, StoreError
from rag.store import integrity, tables
from rag.store.database import Database, storing
from rag.store.generation import Generation, Snapshot, best_matching, write_snapshot
from rag.store.records import Records
from rag.store.snapshots import Contents, DamagedSnapshotError, Pointer, Snapshots
from rag.store.whole import Whole
from rag.types import Filters, Problem, SearchResult, StoreState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    import apsw
    from numpy.typing import NDArray

    from rag.store.tables import Meta
    from rag.types import Article, ArticleSummary, Entry, Origin

# A snapshot is made again when it lacks more passages than this, or than this part of them all: so n articles written
# one by one make no more than some log(n) of them, and what each reader indexes for itself stays small.
_BEHIND = 2000
_BEHIND_PART = 0.1


class EmbeddedStore:
    """A collection in a folder; see ``rag.protocols.Store`` for what its methods promise.

    ``busy_timeout`` is how many seconds a write waits for another process. ``notices`` tells what was mended without
    being asked: a snapshot that was found damaged, or one that could not be written. Safe for threads.

    Raises CollectionNotFound, StorageFull, SchemaTooNew, StoreError.
    """

    def __init__(self, folder: Path, *, create: bool = True, busy_timeout: float = 10.0) -> None:
        self.notices: list[Problem] = []
        self._folder = folder
        self._busy_timeout = busy_timeout
        self._database = Database(folder, create=create, busy_timeout=busy_timeout)
        self._snapshots = Snapshots(folder / "snapshots")
        self._records = Records()
        self._loading = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._generation: Generation | None = None
        self._rebuilt: Meta | None = None
        if not self._database.read_only:
            try:
                self._clean()
            except BaseException:
                self.close()
                raise

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
                    self._begin_generation(connection)
                tables.remove_articles(connection, [entry.article.id])
                tables.add_article(connection, entry)
                written = True
                if (entry.fingerprint, entry.passage_vectors.shape[1]) != (meta.fingerprint, meta.dimension):
                    other = entry
            if other:
                tables.change_encoder(connection, other, meta)
        if written:
            self._snapshot_when_behind()

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
                self._begin_generation(connection)
                tables.remove_articles(connection, wanted)
        if removed:
            self._snapshot_when_behind()
        return removed

    def _begin_generation(self, connection: apsw.Connection) -> None:
        tables.next_generation(connection)
        kept = [int(name.split("-")[0]) for name in self._snapshots.names()]
        if kept:
            tables.forget_removed(connection, min(kept))

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
        with self._reading() as (connection, meta, generation):
            if generation is None or not meta.passages:
                return SearchResult((), dict.fromkeys(terms, 0), 0, meta.generation, meta.fingerprint)
            if vector.shape != (meta.dimension,):
                raise EncoderError("vector_dimension_differs", found=vector.size, expected=meta.dimension)
            allowed = None if filters == Filters() else _mask(connection, filters, generation.last)
            frequencies, weights = generation.weights(terms)
            nearest = generation.nearest(vector, limit, allowed)
            matching = generation.matching(weights, limit, allowed) if weights else set()
            records = self._records.get(connection, nearest | matching, len(vector))
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
        return {digest: tables.matrix([blob], len(blob) // 2)[0] for digest, blob in kept.items()}

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
            damaged = integrity.damaged_snapshot(connection, meta, self._snapshots)
        if damaged and repair:
            with self._snapshots.building(self._busy_timeout):
                self._snapshots.discard(self._snapshots.pointer())
            self.snapshot()
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
        """Write the indexes of the present generation, so that no process needs to build them for itself.

        Does nothing where they are written already. Raises StorageFull, and StoreBusy where another process is at it.
        """
        with self._snapshots.building(self._busy_timeout):
            self._snapshots.clean()
            with self._database.reading() as connection:
                meta = tables.read_meta(connection)
                pointer = self._snapshots.pointer()
                made = pointer is not None and pointer.name.startswith(f"{meta.generation}-")
                if meta.dimension is not None and not made:
                    self._snapshots.write(lambda folder: write_snapshot(connection, meta, folder))

    def _snapshot_when_behind(self) -> None:
        """Follow up a write. It is on the disk and acknowledged, so what goes wrong here is told, not raised."""
        try:
            with self._database.reading() as connection:
                meta = tables.read_meta(connection)
                contents = self._contents()
                since = (contents.generation, contents.last) if contents else (0, 0)
                behind = tables.count_passages(connection, since[1]) + len(tables.removed_rows(connection, *since))
            if behind > max(_BEHIND, _BEHIND_PART * meta.passages):
                self.snapshot()
        except StoreBusy:
            return  # another process is making the snapshot
        except StoreError:
            self._notice(Problem("index_not_written", {"path": self._snapshots.folder}))

    def _contents(self) -> Contents | None:
        try:
            pointer = self._snapshots.pointer()
            return self._snapshots.contents(pointer) if pointer else None
        except DamagedSnapshotError:
            return None  # it is mended where it is opened

    def _clean(self) -> None:
        """Remove what killed processes left, and a snapshot of what the database does not know of.

        A copy of the database was put back then, or the latest of it is lost. Its next writes would count up to the
        generation of that snapshot, and it would pass for theirs.
        """
        if not self._snapshots.folder.exists():
            return
        try:
            with self._snapshots.building():
                self._snapshots.clean()
                contents = self._contents()  # before the database is read, as in _reading
                with self._database.reading() as connection:
                    known = tables.read_meta(connection).generation
                if contents is None or contents.generation <= known:
                    return
                if not known:
                    path = self._database.path
                    raise StoreError("database_damaged", path=path, reason="it is empty, and its index is not")
                self._snapshots.discard(self._snapshots.pointer())
        except StoreBusy:
            return  # what lies there is not left over: another process is writing it
        except StorageFull:
            return  # a full disk can still be read
        self._notice(Problem("database_older", {"path": self._database.path}, repaired=True))
        self._snapshot_when_behind()

    def _notice(self, problem: Problem) -> None:
        if problem not in self.notices:  # a full disk fails every write in the same words
            self.notices.append(problem)

    @contextmanager
    def _reading(self) -> Iterator[tuple[apsw.Connection, Meta, Generation | None]]:
        """One read transaction with the indexes of what it sees; None where nothing was ever put."""
        while True:
            # Read before the transaction begins, it never names a snapshot of a later generation than that sees.
            with storing(self._snapshots.folder / "CURRENT"):
                pointer = self._snapshots.pointer()
            with self._database.reading() as connection:
                meta = tables.read_meta(connection)
                if meta.dimension is None:
                    yield connection, meta, None
                    return
                generation = self._generation
                if generation is None or generation.meta != meta:
                    generation = self._load(connection, meta, pointer)
                if generation is not None:
                    yield connection, meta, generation
                    return

    def _load(self, connection: apsw.Connection, meta: Meta, pointer: Pointer | None) -> Generation | None:
        """Return the generation that the transaction sees, or None where CURRENT names another snapshot by now."""
        with self._loading:
            if self._generation is not None and self._generation.meta == meta:
                return self._generation
            try:
                generation = Generation.load(connection, meta, self._open(pointer))
            except DamagedSnapshotError as error:
                if self._snapshots.pointer() != pointer or self._rebuild(connection, meta, pointer, error):
                    return None
                generation = Generation.load(connection, meta, None)
            self._generation = generation
            return generation

    def _open(self, pointer: Pointer | None) -> Snapshot | None:
        if pointer is None:
            return None
        if self._snapshot is None or self._snapshot.pointer != pointer:
            self._snapshot = Snapshot.load(self._snapshots, pointer)
        return self._snapshot

    def _rebuild(
        self, connection: apsw.Connection, meta: Meta, pointer: Pointer | None, error: DamagedSnapshotError
    ) -> bool:
        """Replace a damaged snapshot by one of what the transaction sees; return whether that was done."""
        values = {"path": error.path}
        if self._rebuilt == meta:
            self._notice(Problem("index_damaged_again", values))
            return False
        try:
            with self._snapshots.building():
                if self._snapshots.pointer() == pointer:
                    self._snapshots.discard(pointer)
                    self._snapshots.clean()
                    self._snapshots.write(lambda folder: write_snapshot(connection, meta, folder))
        except StoreError:
            self._notice(Problem("index_not_rebuilt", values))
            return False
        self._rebuilt = meta
        self._notice(Problem("index_rebuilt", values, repaired=True))
        return True


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


def _mask(connection: apsw.Connection, filters: Filters, last: int) -> NDArray[np.bool_]:
    """Return which passages the filters let through, indexed by their numbers."""
    allowed = np.zeros(last + 1, dtype=np.bool_)
    allowed[tables.passages_of(connection, filters)] = True
    return allowed
