from __future__ import annotations

import numpy as np
import pytest
from fakes import make_entry

from rag.store import open_store, rows


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as store:
        yield store


def test_numbers_of_passages_are_not_given_out_twice(store):
    store.put([make_entry("a", "rail")])
    with store._database.reading() as connection:
        first = rows.last_passage(connection)
    store.remove(["a"])
    store.put([make_entry("a", "rail")])
    with store._database.reading() as connection:
        assert rows.last_passage(connection) > first
        assert rows.removed_rows(connection, 0, first) == [(first, "rail")]


def test_the_sentences_of_passages_are_read_in_one_go(store):
    first, second = make_entry("a", "rail. port", "sea. lake. pond"), make_entry("b", "hill")
    store.put([first, second])
    with store._database.reading() as connection:
        read = rows.read_sentences(connection, [3, 2], 16)
    assert read.starts == {2: 0, 3: 3}
    assert len(read.vectors) == 4
    for number, passage, vectors in ((2, first.passages[1], first.sentence_vectors[2:]),
                                     (3, second.passages[0], second.sentence_vectors)):  # fmt: skip
        spans, own = read.of(number)
        assert spans == passage.sentences
        np.testing.assert_allclose(own, vectors, atol=1e-3)


def test_the_passage_that_is_as_many_after_another(store):
    store.put([make_entry("a", "rail", "sea", "hill"), make_entry("b", "port", "lake")])
    store.remove(["a"])
    with store._database.reading() as connection:
        assert [rows.nth_passage(connection, count, 0) for count in (1, 2)] == [4, None]
        assert rows.nth_passage(connection, 1, 4) is None
        assert rows.passage_numbers(connection, 4) == [5]
