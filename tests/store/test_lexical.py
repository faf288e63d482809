from __future__ import annotations

import numpy as np
import pytest

from rag.store.lexical import LexicalIndex, bm25, inverse_frequency

ROWS = [(3, "fr:confér =nanning fr:confér"), (5, "zh:越南 =nanning"), (8, 'Fr:Confér a+b (c) AND "x NOT'), (9, "")]


@pytest.fixture(params=["memory", "files"])
def index(request, tmp_path):
    if request.param == "memory":
        return LexicalIndex.build(ROWS)
    LexicalIndex.build(ROWS, tmp_path)
    return LexicalIndex.load(tmp_path)


@pytest.mark.parametrize(
    ("term", "passages"),
    [
        ("fr:confér", [3]), ("=nanning", [5, 3]), ("zh:越南", [5]), ("Fr:Confér", [8]), ("fr:confer", []), ("a+b", [8]),
        ("(c)", [8]), ("AND", [8]), ('"x', [8]), ("confér", []), ("c", []),
    ],
)  # fmt: skip
def test_terms_are_found_as_they_are(index, term, passages):
    assert index.frequency(term) == len(passages)
    assert index.search({term: 1.0}, 5, None) == passages


def test_the_weights_are_those_of_the_caller(index):
    assert index.search({"zh:越南": 9.0, "fr:confér": 1.0}, 5, None) == [5, 3]
    assert index.search({"zh:越南": 1.0, "fr:confér": 9.0}, 5, None) == [3, 5]


@pytest.mark.parametrize("count", [30, 3000])
def test_a_narrow_filter_still_fills_its_limit(count):
    index = LexicalIndex.build((number, "rail " * (1 + number % 7)) for number in range(4000))
    allowed = np.zeros(4000, dtype=np.bool_)
    allowed[-count:] = True
    found = index.search({"rail": 1.0}, 25, allowed)
    assert len(set(found)) == 25
    assert allowed[found].all()


def test_rare_terms_weigh_more_and_long_passages_less():
    assert inverse_frequency(100, 1) > inverse_frequency(100, 50) > inverse_frequency(100, 100) > 0
    weights = {"rail": 2.0, "port": 1.0}
    assert bm25({"rail": 1}, 5, 10.0, weights) > bm25({"rail": 1}, 20, 10.0, weights) > 0
    assert bm25({"rail": 1}, 10, 10.0, weights) == pytest.approx(2.0)  # at the mean length, once: the weight itself
    assert bm25({}, 10, 10.0, weights) == 0


def test_a_folder_that_is_no_index(tmp_path):
    with pytest.raises(OSError, match="tantivy"):
        LexicalIndex.load(tmp_path)
