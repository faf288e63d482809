from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from fakes import make_entry, vector_of

from rag.store import generation, open_store, tables
from rag.store.generation import Generation, Snapshot
from rag.store.snapshots import DamagedSnapshotError


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as store:
        store.put(make_entry(f"a{n}", f"rail {n}", f"sea {n}") for n in range(10))
        store.snapshot()
        yield store


@pytest.mark.parametrize("change", [{"passages": 21}, {"generation": 2}, {"last": 19}])
def test_a_snapshot_of_another_state_is_refused(store, change):
    snapshot = Snapshot.load(store._snapshots, store._snapshots.pointer())
    other = dataclasses.replace(snapshot, contents=dataclasses.replace(snapshot.contents, **change))
    with store._database.reading() as connection:
        meta = tables.read_meta(connection)
        assert len(Generation.load(connection, meta, snapshot).parts) == 1
        with pytest.raises(DamagedSnapshotError, match="does not belong"):
            Generation.load(connection, meta, other)


def test_the_background_is_a_sample_that_stays(store, monkeypatch):
    monkeypatch.setattr(generation, "SAMPLE", 6)
    query = vector_of("q")
    store.put([make_entry("b", "port")])
    background = store.search(query, [], limit=1).background
    with store._database.reading() as connection:
        sample = tables.sample_vectors(connection, 6, 16)
        first = tables.matrix([blob for _, blob in tables.passage_rows(connection)][:6], 16)
    assert background == pytest.approx((float((sample @ query).mean()), float((sample @ query).std())), abs=1e-6)
    assert {tuple(v) for v in sample} != {tuple(v) for v in first}
    store.put(make_entry(f"c{n}", f"more {n}") for n in range(10))
    with store._database.reading() as connection:
        grown = tables.sample_vectors(connection, 6, 16)
    kept = {tuple(v) for v in grown} & {tuple(v) for v in sample}
    assert 0 < len(kept) < 7
    assert np.isfinite(grown).all()


def test_one_passage_is_no_background(tmp_path):
    with open_store(tmp_path / "one") as store:
        store.put([make_entry("a", "rail")])
        assert store.search(vector_of("q"), [], limit=1).background == (0.0, 1.0)
