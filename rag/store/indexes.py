"""The indexes of a collection, derived from its database: opened for a search, written anew in time, mended.

A snapshot is of one generation; what was written after it is indexed in memory by each process that reads. A build
holds a read transaction and the right to write snapshots: searches and writes of articles go on beside it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rag.errors import StorageFull, StoreBusy, StoreError
from rag.store import rows, tables
from rag.store.database import storing
from rag.store.generation import Generation
from rag.store.parts import STEP, Snapshot, fits, write_snapshot
from rag.store.snapshots import (
    Contents,
    DamagedSnapshotError,
    OutdatedSnapshotError,
    Pointer,
    Snapshots,
    Which,
)
from rag.types import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import apsw

    from rag.store.database import Database
    from rag.store.tables import Meta

# A snapshot is made again when it lacks more passages than this, or than this part of them all: so n articles written
# one by one make no more than some log(n) of them. At the latest it is when it lacks so many that each reader would
# have to learn lists for their sentences.
_BEHIND = 2000
_BEHIND_PART = 0.1
_BEHIND_MOST = 10_000


class Indexes:
    """The indexes in a folder beside a database. ``notices`` tells what was mended without being asked.

    ``busy_timeout`` is how many seconds a write waits for another process. Safe for threads.
    """

    def __init__(self, folder: Path, database: Database, busy_timeout: float) -> None:
        self.notices: list[Problem] = []
        self.snapshots = Snapshots(folder)
        self._database = database
        self._busy_timeout = busy_timeout
        self._loading = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._generation: Generation | None = None
        self._rebuilt: Meta | None = None

    def begin(self, connection: apsw.Connection) -> None:
        """Begin a new generation in a write transaction."""
        tables.next_generation(connection)
        rows.forget_removed(connection, self.snapshots.since())

    def write(self, *, anew: bool = False) -> None:
        """Write the indexes of the present generation, where they are not written, or ``anew`` without the last ones.

        Raises StorageFull, and StoreBusy where another process is at it.
        """
        with self.snapshots.building(self._busy_timeout):
            self.snapshots.clean()
            if anew:
                self.snapshots.discard(self.snapshots.pointer())
            with self._database.reading() as connection:
                meta = tables.read_meta(connection)
                pointer = self.snapshots.pointer()
                made = pointer is not None and pointer.name.startswith(f"{meta.generation}-")
                if meta.dimension is not None and not made:
                    self._build(connection, meta, "DRAFT", "CURRENT")

    def _build(self, connection: apsw.Connection, meta: Meta, *to: Which) -> None:
        """Write a snapshot of what the transaction sees, adding to the first of those named that fits.

        What takes minutes is done in steps. Each is kept as a draft, which the next build adds to if this one ends.
        """
        found = map(self._whole, to)
        before = next((each for each in found if each and fits(connection, meta, each)), None)
        while (until := rows.nth_passage(connection, STEP, before.part.last if before else 0)) is not None:
            step = partial(write_snapshot, connection, meta, before=before, until=until)
            self.snapshots.write(step, "DRAFT")
            before = self._whole("DRAFT")
            if before is None:
                break  # a disk that damages what it is given: what reads the snapshot will tell
        self.snapshots.write(partial(write_snapshot, connection, meta, before=before))

    def _whole(self, which: Which) -> Snapshot | None:
        """Return a snapshot of our own, to be added to, where it is not damaged."""
        try:
            pointer = self.snapshots.pointer(which)
            return Snapshot.load(self.snapshots, pointer) if pointer else None
        except DamagedSnapshotError:
            return None  # the next takes its place

    def follow(self) -> None:
        """Follow up a write. It is on the disk and acknowledged, so what goes wrong here is told, not raised."""
        try:
            with self._database.reading() as connection:
                passages = tables.read_meta(connection).passages
                contents = self._contents()
                since = (contents.generation, contents.last) if contents else (0, 0)
                behind = rows.count_passages(connection, since[1]) + rows.count_removed(connection, *since)
            if behind > min(max(_BEHIND, _BEHIND_PART * passages), _BEHIND_MOST):
                self.write()
        except StoreBusy:
            return  # another process is making the snapshot
        except StoreError:
            self._notice(Problem("index_not_written", {"path": self.snapshots.folder}))

    def _contents(self, which: Which = "CURRENT") -> Contents | None:
        try:
            pointer = self.snapshots.pointer(which)
            return self.snapshots.contents(pointer) if pointer else None
        except DamagedSnapshotError:
            return None  # it is mended where it is opened

    def clean(self) -> None:
        """Remove what killed processes left, what another version wrote, and what the database does not know of.

        A copy of the database was put back in the last case, or the latest of it is lost. Its next writes would count
        up to the generation of that snapshot, and it would pass for theirs.
        """
        if not self.snapshots.folder.exists():
            return
        try:
            with self.snapshots.building():
                self.snapshots.clean()
                self._drop_outdated()
                found = self._contents(), self._contents("DRAFT")  # before the database is read, as in reading()
                with self._database.reading() as connection:
                    known = tables.read_meta(connection).generation
                if all(contents is None or contents.generation <= known for contents in found):
                    return
                if not known:
                    path = self._database.path
                    raise StoreError("database_damaged", path=path, reason="it is empty, and its index is not")
                self.snapshots.discard(self.snapshots.pointer())
        except StoreBusy:
            return  # what lies there is not left over: another process is writing it
        except StorageFull:
            return  # a full disk can still be read
        self._notice(Problem("database_older", {"path": self._database.path}, repaired=True))
        self.follow()

    def _drop_outdated(self) -> None:
        pointer = self.snapshots.pointer()
        try:
            if pointer:
                self.snapshots.contents(pointer)
        except OutdatedSnapshotError:
            self.snapshots.discard(pointer)
        except DamagedSnapshotError:
            return  # as in _contents

    def _notice(self, problem: Problem) -> None:
        if problem not in self.notices:  # a full disk fails every write in the same words
            self.notices.append(problem)

    @contextmanager
    def reading(self) -> Iterator[tuple[apsw.Connection, Meta, Generation | None]]:
        """Open one read transaction with the indexes of what it sees; None where nothing was ever put."""
        while True:
            # Read before the transaction begins, it never names a snapshot of a later generation than that sees.
            with storing(self.snapshots.folder / "CURRENT"):
                pointer = self.snapshots.pointer()
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
            before = self._generation
            if before is not None and before.meta == meta:
                return before
            if before is not None and before.meta.generation > meta.generation:
                before = None  # another thread's transaction began later
            try:
                generation = Generation.load(connection, meta, self._open(pointer), before)
            except DamagedSnapshotError as error:
                if self.snapshots.pointer() != pointer or self._rebuild(connection, meta, pointer, error):
                    return None
                generation = Generation.load(connection, meta, None)
            self._generation = generation
            return generation

    def _open(self, pointer: Pointer | None) -> Snapshot | None:
        if pointer is None:
            return None
        if self._snapshot is None or self._snapshot.pointer != pointer:
            self._snapshot = Snapshot.load(self.snapshots, pointer, mapped=True)
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
            with self.snapshots.building():
                if self.snapshots.pointer() == pointer:
                    self.snapshots.discard(pointer)
                    self.snapshots.clean()
                    self._build(connection, meta)
        except StoreError:
            self._notice(Problem("index_not_rebuilt", values))
            return False
        self._rebuilt = meta
        self._notice(Problem("index_rebuilt", values, repaired=True))
        return True
