from __future__ import annotations

from threading import Event, Thread

import numpy as np
import pytest
from fakes import make_entry, vector_of

from rag.errors import EncoderError, StoreBusy
from rag.store import open_store
from rag.store.embedded import EmbeddedStore
from rag.store.parts import write_snapshot


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "collection"


def names(found):
    return sorted(candidate.article.id for candidate in found.candidates)


def test_what_came_and_went_after_the_snapshot_is_seen(folder):
    with open_store(folder) as store:
        store.put([make_entry("a", "rail a"), make_entry("b", "rail b"), make_entry("c", "sea c")])
        store.snapshot()
        store.remove(["a"])
        store.put([make_entry("d", "rail d"), make_entry("b", "port b")])
        for _ in range(2):
            found = store.search(vector_of("passage rail a"), ["rail", "port", "a"], limit=2)
            assert set(names(found)) <= {"b", "c", "d"}
            assert found.frequencies == {"rail": 1, "port": 1, "a": 0}
            assert (found.passages, found.generation) == (3, 3)
            store.snapshot()
        assert store.notices == []


def test_it_is_the_same_after_it_is_opened_again(folder):
    with open_store(folder) as store:
        store.put([make_entry("a", "rail a"), make_entry("b", "rail b")])
        before = store.search(vector_of("q"), ["rail"], limit=5)
    with open_store(folder, create=False) as store:
        after = store.search(vector_of("q"), ["rail"], limit=5)
    assert names(before) == names(after) == ["a", "b"]
    assert after.generation == 1


def test_a_snapshot_is_made_when_the_last_is_far_behind(folder, monkeypatch):
    monkeypatch.setattr("rag.store.indexes._BEHIND", 10)
    with open_store(folder) as store:
        store.put([make_entry("a", *(f"rail {n}" for n in range(10)))])
        assert store._indexes.snapshots.pointer() is None
        store.put([make_entry("b", "one more")])
        first = store._indexes.snapshots.pointer()
        assert first.name.startswith("2-")
        store.remove(["a"])
        assert store._indexes.snapshots.pointer() == first
        store.put([make_entry("c", "sea")])
        assert store._indexes.snapshots.pointer().name.startswith("4-")
        assert names(store.search(vector_of("q"), ["rail"], limit=50)) == ["b", "c"]


def test_removed_passages_are_forgotten_when_no_snapshot_has_them(folder):
    with open_store(folder) as store:
        for version in range(6):
            store.put([make_entry("a", f"version {version}")])
            store.snapshot()
        with store._database.reading() as connection:
            assert connection.execute("SELECT count(*) FROM removed").get <= 2
        assert store.check() == ()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"terms": ((),)}, ValueError),
        ({"terms": (("two words",), ())}, ValueError),
        ({"terms": (("",), ())}, ValueError),
        ({"passage_digests": ("x",)}, ValueError),
        ({"sentence_vectors": np.zeros((1, 16), np.float32)}, ValueError),
        ({"passage_vectors": np.full((2, 16), np.nan, np.float32)}, EncoderError),
        ({"passage_vectors": np.zeros((2, 8), np.float32)}, EncoderError),
        ({"passage_vectors": np.zeros(2, np.float32)}, EncoderError),
    ],
)
def test_an_entry_that_does_not_fit_together_is_refused(folder, change, error):
    import dataclasses

    with open_store(folder) as store:
        with pytest.raises(error, match="broken"):
            store.put([make_entry("a", "rail"), dataclasses.replace(make_entry("broken", "rail", "sea"), **change)])
        assert store.state().articles == 0


def test_a_busy_collection(folder):
    with EmbeddedStore(folder, busy_timeout=0.05) as first, EmbeddedStore(folder, busy_timeout=0.05) as second:
        with first._database.writing(), pytest.raises(StoreBusy):
            second.put([make_entry("a", "rail")])
        with first._indexes.snapshots.building(), pytest.raises(StoreBusy):
            second.snapshot()
        second.put([make_entry("a", "rail")])
        assert names(first.search(vector_of("q"), [], limit=1)) == ["a"]


def test_a_database_put_back_from_a_copy_gets_its_own_index(folder):
    with open_store(folder) as store:
        store.put([make_entry("a", "rail")])
    copy = (folder / "collection.sqlite3").read_bytes()
    with open_store(folder) as store:
        store.put([make_entry("b", "port"), make_entry("c", "port")])
        store.snapshot()
    (folder / "collection.sqlite3").write_bytes(copy)
    with open_store(folder) as store:
        assert names(store.search(vector_of("q"), ["port"], limit=5)) == ["a"]
        assert [notice.repaired for notice in store.notices] == [True]


def test_damage_that_cannot_be_mended_is_worked_around(folder):
    with open_store(folder) as store:
        store.put([make_entry("a", "rail")])
        store.snapshot()
    for path in (folder / "snapshots").rglob("*.faiss"):
        path.write_bytes(b"")
    with open_store(folder) as store:
        with store._indexes.snapshots.building():  # another process holds the right to write there
            assert names(store.search(vector_of("q"), ["rail"], limit=5)) == ["a"]
        assert [notice.repaired for notice in store.notices] == [False]


def test_damage_that_comes_back_is_not_mended_for_ever(folder, monkeypatch):
    monkeypatch.setattr("rag.store.snapshots._sync_and_hash", lambda _: "0" * 64)
    with open_store(folder) as store:
        store.put([make_entry("a", "rail")])
        store.snapshot()
        assert names(store.search(vector_of("q"), [], limit=5)) == ["a"]
        assert [notice.repaired for notice in store.notices] == [True, False]


def test_searches_and_writes_go_on_while_a_snapshot_is_built(folder, monkeypatch):
    begun, done = Event(), Event()

    def slow(*arguments, **named):
        begun.set()
        assert done.wait(30)
        return write_snapshot(*arguments, **named)

    monkeypatch.setattr("rag.store.indexes.write_snapshot", slow)
    with open_store(folder) as store:
        store.put([make_entry("a", "rail")])
        building = Thread(target=store.snapshot)
        building.start()
        assert begun.wait(30)
        store.put([make_entry("b", "rail")])
        assert names(store.search(vector_of("q"), ["rail"], limit=5)) == ["a", "b"]
        done.set()
        building.join()
        assert store._indexes.snapshots.pointer().name.startswith("1-")
        assert names(store.search(vector_of("q"), ["rail"], limit=5)) == ["a", "b"]


WRITER = """
import sys
from pathlib import Path
from fakes import make_entry
from rag.store import open_store
with open_store(Path(sys.argv[1])) as store:
    for line in sys.stdin:
        word = line.strip()
        store.snapshot() if word == "snapshot" else store.put([make_entry(word, f"{word} rail")])
        print(word, flush=True)
"""


def test_another_process_writes(child, folder):
    writer = child(WRITER, folder)

    def tell(word):
        writer.stdin.write(word + "\n")
        writer.stdin.flush()
        assert writer.stdout.readline().strip() == word

    tell("a")
    with open_store(folder, create=False) as store:
        assert names(store.search(vector_of("q"), ["rail"], limit=9)) == ["a"]
        for count, word in enumerate(["b", "snapshot", "c", "a", "snapshot", "d", "snapshot", "e"]):
            tell(word)
            found = store.search(vector_of("q"), ["rail"], limit=9)
            assert len(found.candidates) == found.passages == found.frequencies["rail"], count
        assert names(found) == ["a", "b", "c", "d", "e"]
        assert store.notices == []
