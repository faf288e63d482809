"""A collection that an older version wrote; ``version-1.sql`` was dumped by ``apsw`` from one of that time."""

from __future__ import annotations

import re
from pathlib import Path

import apsw
import pytest
from fakes import vector_of

from rag.errors import StorageFull, StoreError
from rag.signatures import signature
from rag.store import database, open_store
from rag.store.database import FILE_NAME


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "collection"
    folder.mkdir()
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.execute(Path(__file__).with_name("version-1.sql").read_text("utf-8"))
    connection.close()
    return folder


def schema(folder):
    connection = apsw.Connection(str(folder / FILE_NAME), flags=apsw.SQLITE_OPEN_READONLY)
    rows = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    version = connection.pragma("user_version")
    connection.close()
    return version, rows


def test_an_old_collection_is_brought_up_to_date(folder, tmp_path):
    with open_store(folder) as store:
        assert [article.id for article in store.articles()] == ["rail-a", "port-b"]
        article = store.article("rail-a")
        assert (article.headings[0].stop, article.removed[0].text, article.pages) == (3, "advert", ())
        found = store.search(vector_of("q", 4), ["300", "later"], limit=5)
        assert [(c.article.id, c.passage.ordinal) for c in found.candidates if c.lexical] == [("rail-a", 0)]
        assert {c.signature for c in found.candidates if c.article == article} == {signature(article.text)}
        assert store.check() == ()  # every article has the digest that it had
        store.remove(["rail-a"])
        assert (store.state().passages, store.check()) == (1, ())
    open_store(tmp_path / "new").close()
    assert schema(folder) == schema(tmp_path / "new")


def test_a_migration_that_fails_changes_nothing(folder, monkeypatch):
    before = schema(folder)

    def failing(_):
        raise apsw.FullError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(database, "signature", failing)
        with pytest.raises(StoreError):
            open_store(folder)
    assert schema(folder) == before
    assert before[0] == 1
    with open_store(folder) as store:
        assert store.check() == ()


def test_an_old_collection_that_cannot_be_written_says_what_to_do(folder, monkeypatch):
    before = schema(folder)
    monkeypatch.setattr("rag.store.database.os.access", lambda *_: False)
    with pytest.raises(StorageFull, match=re.escape(f"Make {folder} writable")):
        open_store(folder, create=False)
    assert schema(folder) == before


OPENED = """
import sys
from pathlib import Path
from rag.store import open_store
with open_store(Path(sys.argv[1])) as store:
    print(len(list(store.articles())))
"""


def test_two_processes_may_open_it_at_once(folder, child):
    children = [child(OPENED, folder) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in children] == ["2", "2", "2"]
