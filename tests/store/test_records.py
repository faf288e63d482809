from __future__ import annotations

from fakes import make_entry

from rag.store import open_store
from rag.store.records import Compared, Recent, Records, Terms


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
            first, second = records.get(connection, [1, 2], 16, Compared())
            again = records.get(connection, [2, 1], 16, Compared())
    assert again == [second, first]
    assert first.length == 3
    assert first.article is second.article
    assert (first.sentence_vectors.shape, second.passage_vector.shape) == ((2, 16), (16,))


def test_terms_are_counted_the_same_the_first_time_and_later():
    terms = Terms("fr:rail fr:rail fr:rai =rail fr:port fr:rail")
    for _ in range(6):
        counts = terms.counts(["fr:rail", "fr:port", "fr:ai", "rail", "sea"])
        assert [counts.get(term, 0) for term in ("fr:rail", "fr:port", "fr:ai", "rail", "sea")] == [3, 1, 0, 0, 0]
