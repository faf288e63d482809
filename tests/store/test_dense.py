from __future__ import annotations

import numpy as np
import pytest
from fakes import vector_of

from rag.store.dense import DenseIndex


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
    query, index = vector_of("query"), DenseIndex.build(rows(40, 9), 16)
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


def test_a_file_holds_the_same(tmp_path):
    index = DenseIndex.build(rows(10, 2), 16)
    index.save(tmp_path / "index")
    loaded = DenseIndex.load(tmp_path / "index")
    assert len(loaded) == 20
    assert loaded.search(vector_of("q"), 5, None) == index.search(vector_of("q"), 5, None)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="FAISS"):
        DenseIndex.build(rows(1, 1), 16).save(tmp_path / "nowhere" / "index")


def test_an_empty_index():
    assert DenseIndex.build(iter(()), 16).search(vector_of("q"), 5, None) == {}
