from __future__ import annotations

from fakes import make_entry

from rag.store import open_store
from rag.store.records import Recent, Records


def test_what_was_used_longest_ago_is_forgotten():
    recent = Recent(2)
    recent.keep({1: "a", 2: "b"})
    assert recent.find([1]) == {1: "a"}
    recent.keep({3: "c"})
    assert recent.find([1, 2, 3]) == {1: "a", 3: "c"}


def test_records_are_read_once(tmp_path):
    with open_store(tmp_path) as store:
        store.put([make_entry("a", "rail rail. port", "sea")])
        records = Records()
        with store._database.reading() as connection:
            first, second = records.get(connection, [1, 2], 16)
            again = records.get(connection, [2, 1], 16)
    assert again == [second, first]
    assert (first.counts(["rail", "port", "ail", "sea"]), first.length) == (
        {"rail": 2, "port": 1, "ail": 0, "sea": 0},
        3,
    )
    assert first.article is second.article
    assert (first.sentence_vectors.shape, second.passage_vector.shape) == ((2, 16), (16,))
