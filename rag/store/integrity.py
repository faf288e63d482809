"""What ``check`` looks at: the database in itself, and the snapshot against the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

from rag.store import tables
from rag.store.database import damage
from rag.store.generation import Generation
from rag.store.parts import Snapshot
from rag.store.snapshots import DamagedSnapshotError
from rag.types import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag.store.snapshots import Snapshots
    from rag.store.tables import Meta

# Those of another encoder wait for all of their kind: see ``Store.keep``.
_UNUSED = """fingerprint = (SELECT fingerprint FROM meta)
    AND NOT EXISTS (SELECT 1 FROM passages WHERE vector = vectors.number)
    AND NOT EXISTS (SELECT 1 FROM sentences WHERE vector = vectors.number)"""
_COUNTED = """SELECT (SELECT count(*) FROM passages), (SELECT count(*) FROM sentences),
    (SELECT coalesce(sum(length), 0) FROM passages)"""


def broken(connection: apsw.Connection, path: Path) -> list[Problem]:
    """Return what is wrong inside the database and cannot be mended."""
    try:
        return list(_broken(connection, path))
    except apsw.Error as error:
        if reason := damage(error):
            return [Problem("database_damaged", {"path": path, "reason": reason})]
        raise


def _broken(connection: apsw.Connection, path: Path) -> Iterator[Problem]:
    for (line,) in connection.execute("PRAGMA integrity_check").fetchall():
        if line != "ok":
            yield Problem("database_damaged", {"path": path, "reason": line})
    for table, *_ in connection.execute("PRAGMA foreign_key_check").fetchall():
        yield Problem("database_row_orphaned", {"path": path, "table": table})
    meta = tables.read_meta(connection)
    dimension, query = meta.dimension or 0, "SELECT count(*) FROM vectors WHERE length(vector) <> ? AND fingerprint = ?"
    if wrong := connection.execute(query, (2 * dimension, meta.fingerprint)).get:
        yield Problem("database_vectors_wrong", {"path": path, "count": wrong, "dimension": dimension})
    for article_id, digest in connection.execute("SELECT id, digest FROM articles").fetchall():
        article = tables.read_article(connection, str(article_id))
        if article is None or article.digest != digest:
            yield Problem("database_article_changed", {"path": path, "id": article_id})


def untidy(connection: apsw.Connection, path: Path, *, repair: bool) -> Iterator[Problem]:
    """Yield what is wrong with the counters and with vectors that nothing uses, mending it where asked to."""
    meta, counted = tables.read_meta(connection), connection.execute(_COUNTED).fetchone()
    if (meta.passages, meta.sentences, meta.length) != counted:
        if repair:
            connection.execute("UPDATE meta SET passages = ?, sentences = ?, length = ?", counted)
        yield Problem("database_recounted" if repair else "database_miscounted", {"path": path}, repaired=repair)
    if unused := connection.execute(f"SELECT count(*) FROM vectors WHERE {_UNUSED}").get:  # noqa: S608 - a constant
        if repair:
            connection.execute(f"DELETE FROM vectors WHERE {_UNUSED}")  # noqa: S608 - a constant
        values = {"path": path, "count": unused}
        yield Problem("database_vectors_dropped" if repair else "database_vectors_unused", values, repaired=repair)


def damaged_snapshot(connection: apsw.Connection, meta: Meta, snapshots: Snapshots) -> Path | None:
    """Return where the snapshot, read and hashed anew, is not what it should be; a collection may have none yet."""
    pointer = snapshots.pointer()
    if meta.dimension is None or pointer is None:
        return None
    try:
        snapshot = Snapshot.load(snapshots, pointer)
        Generation.load(connection, meta, snapshot)
    except DamagedSnapshotError as error:
        return error.path
    contents = snapshot.contents
    alone = contents.since == contents.generation == meta.generation  # else what went is still in it
    return snapshot.folder if alone and contents.sentences != meta.sentences else None
