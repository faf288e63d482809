from __future__ import annotations

import numpy as np
import pytest
from fakes import vector_of

from rag.store.dense import EXACT, DenseIndex, lists


def rows(passages, sentences):
    for passage in range(passages):
        for sentence in range(sentences):
            yield passage, vector_of(f"{passage} {sentence}").astype("<f2").tobytes()


def brute_force(passages, sentences, query):
    best = {p: max(float(vector_of(f"{p} {s}") @ query) for s in range(sentences)) for p in range(passages)}
    return dict(sorted(best.items(), key=lambda item: -item[1]))


@pytest.mark.parametrize("limit", [1, 7, 40, 99])
@pytest.mark.parametrize("allowed", [None, range(3, 40, 5), range(0)])
def test_each_passage_comes_once_with_its_best_vector(limit, allowed):
    query, index = vector_of("query"), DenseIndex.exact(16).extend(rows(40, 9))
    expected = brute_force(40, 9, query)
    mask = None
    if allowed is not None:
        mask = np.zeros(40, dtype=np.bool_)
        mask[list(allowed)] = True
        expected = {passage: score for passage, score in expected.items() if passage in allowed}
    for width in (1, 4):
        found = index.search(query, limit, mask, width=width)
        assert list(found) == list(expected)[:limit]
        assert list(found.values()) == pytest.approx(list(expected.values())[:limit], abs=1e-6)


@pytest.mark.parametrize("mapped", [False, True])
def test_a_file_holds_the_same(tmp_path, mapped):
    index = DenseIndex.exact(16).extend(rows(10, 2))
    index.save(tmp_path / "index")
    loaded = DenseIndex.load(tmp_path / "index", mapped=mapped)
    assert len(loaded) == 20
    assert loaded.search(vector_of("q"), 5, None) == index.search(vector_of("q"), 5, None)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="FAISS"):
        DenseIndex.exact(16).extend(rows(1, 1)).save(tmp_path / "nowhere" / "index")


def test_an_empty_index():
    assert DenseIndex.exact(16).search(vector_of("q"), 5, None) == {}


@pytest.fixture
def learnt(small_lists, monkeypatch):  # noqa: ARG001
    monkeypatch.setattr("rag.store.dense._PROBED", 4)
    made = [*rows(500, 4)]
    sample = np.stack([np.frombuffer(blob, "<f2") for _, blob in made]).astype(np.float32)
    return DenseIndex.learnt(sample, 16).extend(made)


def recall(index, limit, allowed=None):
    """Return the part of the ten best of each of twenty queries that is found."""
    found = 0
    for number in range(20):
        query = vector_of(f"query {number}")
        expected = [p for p in brute_force(500, 4, query) if allowed is None or allowed[p]][:10]
        found += len({*expected} & index.search(query, limit, allowed, width=4).keys())
    return found / 200


def test_many_rows_are_searched_approximately(learnt, tmp_path):
    assert learnt.lists == 16
    assert 0.8 < recall(learnt, 50) < 1
    learnt.save(tmp_path / "index")
    loaded = DenseIndex.load(tmp_path / "index")
    assert (loaded.lists, len(loaded)) == (16, 2000)
    assert loaded.search(vector_of("q"), 50, None) == learnt.search(vector_of("q"), 50, None)


@pytest.mark.parametrize("every", [4, 10, 50])
def test_the_fewer_passages_take_part_the_more_of_the_lists_are_searched(learnt, every):
    allowed = np.zeros(500, dtype=np.bool_)
    allowed[::every] = True
    assert recall(learnt, 20, allowed) > 0.9
    assert learnt.search(vector_of("q"), 1, allowed, width=4).keys() <= {*range(0, 500, every)}


def test_a_limit_is_filled_from_all_lists(learnt):
    assert len(learnt.search(vector_of("q"), 500, None, width=4)) == 500
    assert learnt.search(vector_of("q"), 5, np.zeros(500, dtype=np.bool_)) == {}


def test_how_many_lists():
    assert [lists(rows) for rows in (0, EXACT, EXACT + 1, 4_000_000)] == [0, 0, 447, 4000]
