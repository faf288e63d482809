from __future__ import annotations

import os
from pathlib import Path

import apsw
import pytest

from rag.errors import CollectionNotFound, SchemaTooNew, StorageFull, StoreBusy, StoreError
from rag.store.database import FILE_NAME, Database


def database(folder, **options):
    return Database(folder, **{"create": True, "busy_timeout": 0.05, **options})


def test_commits_are_synchronous(tmp_path):
    opened = database(tmp_path)
    with opened.writing() as connection:
        assert (connection.pragma("synchronous"), connection.pragma("journal_mode")) == (2, "wal")
        assert (connection.pragma("fullfsync"), connection.pragma("foreign_keys")) == (1, 1)
    opened.close()


def test_there_has_to_be_a_collection_unless_it_is_made(tmp_path):
    with pytest.raises(CollectionNotFound, match="nowhere"):
        database(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()
    database(tmp_path / "made" / "here").close()
    database(tmp_path / "made" / "here", create=False).close()


def test_a_newer_schema_is_left_alone(tmp_path):
    database(tmp_path).close()
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(SchemaTooNew, match="schema 99"):
        database(tmp_path)


def test_a_database_of_another_program_is_left_alone(tmp_path):
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        database(tmp_path)


def test_a_database_that_is_none_is_named(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"not a database, and longer than a header of one" * 100)
    with pytest.raises(StoreError, match=FILE_NAME):
        database(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFull, match="file"):
        database(tmp_path / "file" / "collection")


def test_a_second_writer_waits_and_gives_up(tmp_path):
    first, second = database(tmp_path), database(tmp_path)
    attempt = second.writing()
    with first.writing(), pytest.raises(StoreBusy, match="Another process"):
        attempt.__enter__()
    with second.writing() as connection:
        connection.execute("UPDATE meta SET generation = 5")
    with first.reading() as connection:
        assert connection.execute("SELECT generation FROM meta").get == 5
    first.close()
    second.close()


def test_a_block_that_raises_writes_nothing(tmp_path):
    opened = database(tmp_path)

    def fail():
        with opened.writing() as connection:
            connection.execute("UPDATE meta SET generation = 5")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with opened.reading() as connection:
        assert connection.execute("SELECT generation FROM meta").get == 0
    opened.close()


READ_ONLY = """
import os, sys
from pathlib import Path
from fakes import make_entry, vector_of
from rag.errors import StorageFull
from rag.store import open_store
import rag.store.embedded, faiss, tantivy
from rag.messages import catalogue
catalogue("en")  # another user may not read the interpreter's own files
if os.geteuid() == 0:
    os.setuid(65534)
with open_store(Path(sys.argv[1]), create=False) as store:
    assert store._database.read_only
    assert len(store.search(vector_of("q"), ["rail"], limit=5).candidates) == 2
    try:
        store.put([make_entry("c", "sea")])
    except StorageFull as error:
        print("refused", error)
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("writer_runs", [False, True])
@pytest.mark.parametrize("snapshot", [False, True])
def test_a_read_only_folder_can_be_searched(child, writer_runs, snapshot):
    import shutil
    import tempfile

    from fakes import make_entry

    from rag.store import open_store

    root = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    try:
        folder = root / "collection"
        store = open_store(folder)
        store.put([make_entry("a", "rail"), make_entry("b", "port")])
        if snapshot:
            store.snapshot()
        if not writer_runs:
            store.close()
        for path in (root, *root.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        output, _ = child(READ_ONLY, folder).communicate(timeout=60)
        assert output.startswith("refused"), output
        assert str(folder) in output
    finally:
        store.close()
        for path in (root, *root.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(root)


def test_a_changed_page_is_not_read(tmp_path):
    opened = database(tmp_path)
    with opened.writing() as connection:
        connection.execute("INSERT INTO removed VALUES (7, 1, 'the words of a passage')")
    opened.close()
    content = (tmp_path / FILE_NAME).read_bytes()
    assert content.count(b"the words") == 1
    (tmp_path / FILE_NAME).write_bytes(content.replace(b"the words", b"the swords"[:9]))
    with database(tmp_path).reading() as connection:
        generation = connection.execute("SELECT generation FROM meta").get  # of another page
    assert generation == 0
    with pytest.raises(StoreError, match="not what was written"), database(tmp_path).reading() as connection:
        connection.execute("SELECT terms FROM removed").fetchall()


def test_a_page_that_is_cut_is_not_filled_up(tmp_path):
    database(tmp_path).close()
    content = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(content[:-4000])
    with pytest.raises(StoreError, match="ends within a page"):
        database(tmp_path)


@pytest.fixture
def without_checksums(tmp_path, monkeypatch):
    """A folder with a database as they were before pages had checksums."""
    with monkeypatch.context() as context:
        context.setattr(Database, "_reserve_checksums", lambda *_: None)
        database(tmp_path).close()
    assert (tmp_path / FILE_NAME).read_bytes()[20] == 0
    return tmp_path


def test_a_database_without_checksums_is_given_them(without_checksums):
    opened = database(without_checksums)
    with opened.reading() as connection:
        assert connection.execute("SELECT generation FROM meta").get == 0
    opened.close()
    assert (without_checksums / FILE_NAME).read_bytes()[20] == 8


def test_a_damaged_database_is_given_no_checksums(without_checksums):
    content = bytearray((without_checksums / FILE_NAME).read_bytes())
    content[-4096:] = bytes(4096)
    (without_checksums / FILE_NAME).write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        database(without_checksums)
    assert (without_checksums / FILE_NAME).read_bytes() == content


def test_every_folder_that_is_made_is_made_durable(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("rag.store.database.sync_folder", synced.append)
    database(tmp_path / "data" / "press").close()
    assert set(synced) == {tmp_path, tmp_path / "data"}
    database(tmp_path / "data" / "press").close()
    assert len(synced) == 2
