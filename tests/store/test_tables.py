from __future__ import annotations

import pytest
from fakes import make_entry

from rag.store import open_store, tables


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as store:
        yield store


def count(store, table):
    with store._database.reading() as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").get


def test_equal_texts_share_a_vector(store):
    store.put([make_entry("a", "rail. port", "sea. port"), make_entry("b", "rail. port")])
    assert (count(store, "passages"), count(store, "sentences"), count(store, "vectors")) == (3, 6, 2 + 3)
    store.remove(["a"])
    assert (count(store, "passages"), count(store, "sentences"), count(store, "vectors")) == (1, 2, 1 + 2)
    store.remove(["b"])
    assert (count(store, "articles"), count(store, "sentences"), count(store, "vectors")) == (0, 0, 0)


def test_the_counters_follow_every_write(store):
    store.put([make_entry("a", "rail. port", "sea"), make_entry("b", "x y z")])
    store.put([make_entry("a", "shorter")])
    with store._database.reading() as connection:
        meta = tables.read_meta(connection)
    assert (meta.generation, meta.passages, meta.sentences, meta.length) == (2, 2, 2, 4)
