"""The SQLite database of a collection: opening, transactions, and what its errors mean."""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any

import apsw
import apsw.sqlite_extra

from rag.errors import CollectionNotFound, SchemaTooNew, StorageFull, StoreBusy, StoreError
from rag.signatures import signature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x41736B70  # "Askp", https://sqlite.org/pragma.html#pragma_application_id
SCHEMA_VERSION = 3
FILE_NAME = "collection.sqlite3"
_FULL = 2  # https://sqlite.org/pragma.html#pragma_synchronous
_CHECKSUM = 8  # bytes at the end of each page, https://sqlite.org/cksumvfs.html

_loading = threading.Lock()
_UNWRITABLE = (apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.CantOpenError)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite about ``path`` into those of ``rag.errors``."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreBusy("store_busy", path=path) from error
    except apsw.Error as error:
        if reason := damage(error):
            raise StoreError("database_damaged", path=path, reason=reason) from error
        if isinstance(error, _UNWRITABLE):
            raise _unwritable(path, error) from error
        raise StoreError("database_failed", path=path, reason=error) from error


def damage(error: apsw.Error) -> str:
    """Return what an error of SQLite tells of a damaged file, nothing where it tells of none."""
    if getattr(error, "extendedresult", None) == apsw.SQLITE_IOERR_DATA:  # which apsw's types lack
        return "a page is not what was written to it"
    return str(error) if isinstance(error, (apsw.CorruptError, apsw.NotADBError)) else ""


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn the errors of the file system into StorageFull."""
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: Exception) -> StorageFull:
    return StorageFull("store_unwritable", path=path, folder=path.parent, reason=error)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows has no such call; there the file system journals them."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _signature_of(*values: Any) -> bytes:
    """The function of that name in the steps of the schema."""
    return signature(*values)


def _check_pages(path: Path) -> None:
    """Have SQLite verify a checksum of every page that it reads, in this whole process."""
    with _loading:
        if "cksmvfs" not in apsw.vfs_names():
            if not apsw.sqlite_extra.has("cksumvfs"):
                raise StoreError("database_not_checked", path=path)
            connection = apsw.Connection(":memory:")
            try:
                apsw.sqlite_extra.load(connection, "cksumvfs")
            finally:
                connection.close()


def _make(folder: Path) -> None:
    """Make a folder, those it lies in too, and their names durable."""
    missing = [made for made in (folder, *folder.parents) if not made.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


class Database:
    """Connections to one collection: a single writer, and a pool of readers of which a thread takes one at a time.

    Where the folder cannot be written, it is opened for reading alone, and ``read_only`` says so. ``busy_timeout`` is
    how many seconds a write waits for another process.
    """

    def __init__(self, folder: Path, *, create: bool, busy_timeout: float) -> None:
        self.path = folder / FILE_NAME
        self._busy_timeout = busy_timeout
        self._writing = threading.Lock()
        self._readers: deque[apsw.Connection] = deque()
        self._mode = ""
        if not self.path.exists():
            if not create:
                raise CollectionNotFound("collection_folder_empty", folder=folder)
            with storing(folder):
                _make(folder)
        self.read_only = not os.access(folder, os.W_OK) and self.path.exists()
        with translated(self.path):
            _check_pages(self.path)
            self._writer = self._open_read_only() if self.read_only else self._connect()
            try:
                self._prepare(self._writer)
            except BaseException:
                self._writer.close()
                raise

    def _connect(self) -> apsw.Connection:
        if self.read_only:
            flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            connection = apsw.Connection(f"{self.path.absolute().as_uri()}?{self._mode}", flags=flags)
        else:
            connection = apsw.Connection(str(self.path))
        connection.set_busy_timeout(int(self._busy_timeout * 1000))
        return connection

    def _open_read_only(self) -> apsw.Connection:
        """Share the write-ahead log of a running writer where there is one; else nothing can change the file."""
        self._mode = "mode=ro"
        connection = self._connect()
        try:
            connection.pragma("user_version")
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            connection.close()
            self._mode = "mode=ro&immutable=1"
            connection = self._connect()
        return connection

    def _prepare(self, connection: apsw.Connection) -> None:
        self._check_version(connection)
        self._check_length(connection)
        if self.read_only:
            return
        self._reserve_checksums(connection)
        if connection.pragma("journal_mode", "wal") != "wal":
            raise StoreError("database_not_shared", path=self.path)
        connection.pragma("foreign_keys", True)
        connection.pragma("synchronous", "FULL")
        connection.pragma("fullfsync", True)  # for macOS, whose fsync leaves data in the cache of the disk
        if connection.pragma("synchronous") != _FULL:
            raise StoreError("database_not_synchronous", path=self.path)
        if connection.pragma("user_version") < SCHEMA_VERSION:
            self._migrate(connection)

    def _check_version(self, connection: apsw.Connection) -> None:
        version = connection.pragma("user_version")
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
        if connection.pragma("application_id") != APPLICATION_ID and (version or tables):
            raise StoreError("database_foreign", path=self.path)
        if version > SCHEMA_VERSION:
            raise SchemaTooNew("database_too_new", path=self.path, version=version, known=SCHEMA_VERSION)
        if version < SCHEMA_VERSION and self.read_only:
            raise StorageFull("database_too_old", path=self.path, folder=self.path.parent)

    def _check_length(self, connection: apsw.Connection) -> None:
        """Refuse a file that ends within a page: SQLite fills that page with zeros, and looks at no checksum then.

        A power cut may leave one so while the log still has the page, which is written again here.
        """
        page = connection.pragma("page_size")
        if not self.path.stat().st_size % page:
            return
        log = self.path.with_name(f"{FILE_NAME}-wal")
        busy = log.exists() if self.read_only else connection.pragma("wal_checkpoint")[0]
        if not busy and self.path.stat().st_size % page:
            raise StoreError("database_damaged", path=self.path, reason="it ends within a page")

    def _reserve_checksums(self, connection: apsw.Connection) -> None:
        """Keep room for the checksum in every page; a database made without it is written anew, once."""
        if connection.reserve_bytes("main") == _CHECKSUM:
            return
        old = connection.pragma("user_version")
        # What is damaged already must not get checksums that vouch for it.
        if old and (wrong := connection.execute("PRAGMA integrity_check(1)").get) != "ok":
            raise StoreError("database_damaged", path=self.path, reason=wrong)
        connection.reserve_bytes("main", _CHECKSUM)
        if old:
            connection.execute("VACUUM")

    def _migrate(self, connection: apsw.Connection) -> None:
        """Bring a new or an older database to the present version, in one transaction: all of it or nothing."""
        connection.create_scalar_function("signature_of", _signature_of)
        connection.execute("BEGIN IMMEDIATE")
        # Asked again: another process may have done it while this one waited.
        for version in range(connection.pragma("user_version") + 1, SCHEMA_VERSION + 1):
            connection.execute(resources.files("rag.store").joinpath(f"schema-{version}.sql").read_text("utf-8"))
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", version)
        connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """One read transaction: all that it reads is of one generation."""
        with translated(self.path):
            try:
                connection = self._readers.pop()
            except IndexError:
                connection = self._connect()
                connection.pragma("query_only", True)
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._readers.append(connection)

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """One write transaction, on the disk when the block has ended, and undone where it raises."""
        if self.read_only:
            raise StorageFull("store_read_only", folder=self.path.parent)
        with translated(self.path), self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    def copy(self, path: Path) -> None:
        """Copy what a read transaction sees into a new database by SQLite's backup, and look whether it is whole."""
        with self.reading() as source, translated(path):
            target = apsw.Connection(str(path))
            try:
                with target.backup("main", source, "main") as copying:
                    copying.step(-1)  # at once: a writer waits for no reader, and one that waited would start it anew
                target.pragma("journal_mode", "delete")  # all of it in the one file
                if (found := target.pragma("quick_check")) != "ok":
                    raise StoreError("database_damaged", path=path, reason=found)
            finally:
                target.close()

    def close(self) -> None:
        with translated(self.path):
            while self._readers:
                self._readers.pop().close()
            with self._writing:
                self._writer.close()
