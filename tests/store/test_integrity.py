from __future__ import annotations

import apsw
import pytest
from fakes import make_entry

from rag.store import open_store
from rag.store.database import FILE_NAME


@pytest.fixture
def folder(tmp_path):
    with open_store(tmp_path) as store:
        store.put(make_entry(f"a{n}", f"rail {n}. port", "sea") for n in range(50))
        store.snapshot()
    return tmp_path


def spoil(folder, statement):
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE articles SET text = 'forged' WHERE id = 'a7'", "a7"),
        ("UPDATE vectors SET vector = x'00' WHERE number = 3", "1 vectors"),
        ("UPDATE sentences SET passage = 9999 WHERE passage = 1", "refers to nothing"),
    ],
)
def test_what_cannot_be_mended_is_told(folder, statement, said):
    spoil(folder, statement)
    with open_store(folder) as store:
        for repair in (False, True):
            problem = store.check(repair=repair)[0]
            assert said in problem.said("en")
            assert "put back a copy" in problem.said("en")
            assert not problem.repaired


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET length = 1",
        "INSERT INTO vectors (fingerprint, digest, vector) SELECT 'fake', 'unused', vector FROM vectors LIMIT 1",
    ],
)
def test_what_can_be_mended_is(folder, statement):
    spoil(folder, statement)
    with open_store(folder) as store:
        assert [problem.repaired for problem in store.check()] == [False]
        assert [problem.repaired for problem in store.check(repair=True)] == [True]
        assert store.check() == ()


def test_rows_that_went_behind_its_back_are_missed(folder):
    spoil(folder, "DELETE FROM articles WHERE id = 'a1'")  # without foreign keys: its passages stay
    with open_store(folder) as store:
        assert "refers to nothing" in store.check()[0].said("en")


def test_a_torn_page_of_the_database_is_found(folder):
    path = folder / FILE_NAME
    content = bytearray(path.read_bytes())
    content[-3 * 4096 : -4096] = bytes(2 * 4096)
    path.write_bytes(content)
    with open_store(folder) as store:
        problems = store.check()
    assert problems
    assert all(str(path) in problem.said("en") and not problem.repaired for problem in problems)
