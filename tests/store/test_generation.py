from __future__ import annotations

import dataclasses

import pytest
from fakes import make_entry

from rag.store import open_store, tables
from rag.store.generation import Generation
from rag.store.parts import Snapshot
from rag.store.snapshots import DamagedSnapshotError


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as store:
        store.put(make_entry(f"a{n}", f"rail {n}", f"sea {n}") for n in range(10))
        store.snapshot()
        yield store


@pytest.mark.parametrize("change", [{"passages": 21}, {"generation": 2}, {"last": 19}])
def test_a_snapshot_of_another_state_is_refused(store, change):
    snapshot = Snapshot.load(store._indexes.snapshots, store._indexes.snapshots.pointer())
    other = dataclasses.replace(snapshot, contents=dataclasses.replace(snapshot.contents, **change))
    with store._database.reading() as connection:
        meta = tables.read_meta(connection)
        assert len(Generation.load(connection, meta, snapshot).parts) == 1
        with pytest.raises(DamagedSnapshotError, match="does not belong"):
            Generation.load(connection, meta, other)
