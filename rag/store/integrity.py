"""What ``check`` looks at: the database in itself, and the snapshot against the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

from rag.store import tables
from rag.store.generation import Generation, Snapshot
from rag.store.snapshots import DamagedSnapshotError
from rag.types import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag.store.snapshots import Snapshots
    from rag.store.tables import Meta

_RESTORE = "Move the folder away and index the articles again, or put back a copy of it."
_UNUSED = """NOT EXISTS (SELECT 1 FROM passages WHERE vector = vectors.number)
    AND NOT EXISTS (SELECT 1 FROM sentences WHERE vector = vectors.number)"""
_COUNTED = """SELECT (SELECT count(*) FROM passages), (SELECT count(*) FROM sentences),
    (SELECT coalesce(sum(length), 0) FROM passages)"""


def broken(connection: apsw.Connection, path: Path) -> list[Problem]:
    """Return what is wrong inside the database and cannot be mended."""
    try:
        return [Problem(f"{path}: {what}.", _RESTORE) for what in _broken(connection)]
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return [Problem(f"{path} is damaged: {error}.", _RESTORE)]


def _broken(connection: apsw.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check").fetchall():
        if line != "ok":
            yield str(line)
    for table, *_ in connection.execute("PRAGMA foreign_key_check").fetchall():
        yield f"a row of {table} refers to nothing"
    dimension = tables.read_meta(connection).dimension or 0
    if wrong := connection.execute("SELECT count(*) FROM vectors WHERE length(vector) <> ?", (2 * dimension,)).get:
        yield f"{wrong} vectors are not of dimension {dimension}"
    for article_id, digest in connection.execute("SELECT id, digest FROM articles").fetchall():
        article = tables.read_article(connection, str(article_id))
        if article is None or article.digest != digest:
            yield f"the article {article_id} is not what was put there"


def untidy(connection: apsw.Connection, path: Path, *, repair: bool) -> Iterator[Problem]:
    """Yield what is wrong with the counters and with vectors that nothing uses, mending it where asked to."""
    remedy = "It was mended." if repair else "Run `rag check --repair`."
    meta, counted = tables.read_meta(connection), connection.execute(_COUNTED).fetchone()
    if (meta.passages, meta.sentences, meta.length) != counted:
        if repair:
            connection.execute("UPDATE meta SET passages = ?, sentences = ?, length = ?", counted)
        yield Problem(f"{path} counts passages, sentences or terms wrongly.", remedy, repaired=repair)
    if unused := connection.execute(f"SELECT count(*) FROM vectors WHERE {_UNUSED}").get:  # noqa: S608 - a constant
        if repair:
            connection.execute(f"DELETE FROM vectors WHERE {_UNUSED}")  # noqa: S608 - a constant
        yield Problem(f"{path} keeps {unused} vectors of texts that are gone.", remedy, repaired=repair)


def check_snapshot(connection: apsw.Connection, meta: Meta, snapshots: Snapshots) -> list[str]:
    """Return what is wrong with the snapshot, which is read and hashed anew; a collection may have none yet."""
    pointer = snapshots.pointer()
    if meta.dimension is None or pointer is None:
        return []
    try:
        snapshot = Snapshot.load(snapshots, pointer)
        Generation.load(connection, meta, snapshot)
    except DamagedSnapshotError as error:
        return [f"The index is damaged: {error}."]
    contents = snapshot.contents
    same = (contents.passages, contents.sentences) == (meta.passages, meta.sentences)
    if contents.generation == meta.generation and not same:
        return [f"The index counts {contents} and the database {meta}."]
    return []
