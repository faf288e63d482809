from __future__ import annotations

import pytest
from fakes import make_entry, vector_of

from rag.store import open_store
from rag.store.parts import Part

KILLED = """
import sys
import time
from pathlib import Path
from rag.store import indexes, open_store
indexes.STEP = 20
write, steps = indexes.write_snapshot, []
def step(*arguments, **named):
    steps.append(named)
    if len(steps) == 3:
        print("third", flush=True)
        time.sleep(60)
    return write(*arguments, **named)
indexes.write_snapshot = step
with open_store(Path(sys.argv[1])) as store:
    store.snapshot()
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "collection"


def begin(folder, child):
    """Put 100 passages, and have a process that indexes them killed when it has done so with 40."""
    with open_store(folder) as store:
        store.put(make_entry(f"a{n}", f"rail {n}", f"sea {n}") for n in range(50))
    building = child(KILLED, folder)
    assert building.stdout.readline() == "third\n"
    building.kill()
    building.wait()


@pytest.fixture
def begun(folder, child):
    begin(folder, child)
    return folder


@pytest.fixture
def firsts(monkeypatch):
    """Tell after which passage each part that was built, or added to, begins."""
    found, build, extended = [], Part.build, Part.extended

    def adding(part, *arguments):
        found.append(part.last)
        return extended(part, *arguments)

    monkeypatch.setattr(Part, "build", lambda *a, **k: found.append(k.get("after", 0)) or build(*a, **k))
    monkeypatch.setattr(Part, "extended", adding)
    return found


def names(store, limit=200):
    return {candidate.article.id for candidate in store.search(vector_of("q"), ["rail"], limit=limit).candidates}


def test_a_build_goes_on_where_one_was_killed(begun, firsts):
    with open_store(begun) as store:
        assert len(names(store)) == 50
        firsts.clear()
        store.snapshot()
        assert firsts == [40]
        assert (begun / "snapshots" / "CURRENT").exists()
        assert not (begun / "snapshots" / "DRAFT").exists()
        assert len(store._indexes.snapshots.names()) == 1
        assert store.check() == ()
    with open_store(begun) as store:
        assert len(names(store)) == 50
        assert store.notices == []


def test_what_went_in_between_is_not_found(begun, firsts):
    with open_store(begun) as store:
        store.remove(["a3", "a45"])
        store.put([make_entry("a4", "rail anew"), make_entry("b", "rail")])
        store.snapshot()
        assert 40 in firsts
        assert names(store) == {f"a{n}" for n in range(50) if n not in {3, 45}} | {"b"}
        assert store.check() == ()


def test_a_draft_that_is_damaged_is_not_gone_on_with(begun, firsts):
    for path in (begun / "snapshots").rglob("*.faiss"):
        path.write_bytes(b"")
    with open_store(begun) as store:
        store.snapshot()
        assert firsts == [0]
        assert len(names(store)) == 50
        assert store.notices == []


def test_a_draft_of_a_database_that_an_older_one_replaced_is_not_gone_on_with(folder, child, firsts):
    with open_store(folder) as store:
        store.put([make_entry("z", "rail")])
    copy = (folder / "collection.sqlite3").read_bytes()
    begin(folder, child)
    (folder / "collection.sqlite3").write_bytes(copy)
    with open_store(folder) as store:
        assert not (folder / "snapshots" / "DRAFT").exists()
        store.put([make_entry("y", "rail")])
        store.snapshot()
        assert firsts == [0]
        assert names(store) == {"y", "z"}


@pytest.mark.parametrize("name", ["..", "", "CURRENT", "../other"])
def test_a_draft_pointer_that_is_damaged_costs_nothing_else(folder, monkeypatch, name):
    monkeypatch.setattr("rag.store.indexes.STEP", 20)
    with open_store(folder) as store:
        store.put(make_entry(f"a{n}", f"rail {n}", f"sea {n}") for n in range(50))
        (folder.parent / "other").mkdir()
        (folder / "snapshots").mkdir(exist_ok=True)
        (folder / "snapshots" / "DRAFT").write_text(f"{name} 0")
        store.snapshot()
        assert (folder.parent / "other").exists()
        assert len(names(store)) == 50
        assert store.check() == ()
