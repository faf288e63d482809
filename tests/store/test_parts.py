from __future__ import annotations

import pytest
from fakes import MemoryStore, make_entry, vector_of
from test_store_contract import ways

from rag.store import open_store
from rag.store.parts import Part, Snapshot
from rag.types import Filters

QUERIES = [vector_of(f"question {number}") for number in range(10)]
NARROW, WIDE = Filters(since="2003", until="2003"), Filters(since="2012")


def entries(*numbers):
    for number in numbers:
        published = f"20{number % 25:02}-06"
        yield make_entry(f"a{number}", f"rail {number}. port {number}", f"sea {number}. x", published=published)


@pytest.fixture
def builds(monkeypatch):
    """Tell which parts are built rather than added to, by the passage that they come after."""
    built, build = [], Part.build
    monkeypatch.setattr(Part, "build", lambda *a, **k: built.append(k.get("after", 0)) or build(*a, **k))
    return built


def contents(store):
    return Snapshot.load(store._indexes.snapshots, store._indexes.snapshots.pointer()).contents


def recall(store, articles, filters=Filters()):  # noqa: B008 - frozen
    """Return the part of the ten best scores of each way to be near that is found; what is counted has to be equal."""
    oracle, found, expected = MemoryStore(), 0, 0
    oracle.put(articles)
    for query in QUERIES:
        terms = ["rail", "sea", "port"]
        ours, all_there_is = (
            each.search(query, terms, limit=limit, filters=filters) for each, limit in ((store, 10), (oracle, 10**6))
        )
        assert (ours.frequencies, ours.passages) == (all_there_is.frequencies, all_there_is.passages)
        for got, best in zip(ways(ours.candidates, query), ways(all_there_is.candidates, query), strict=True):
            found += sum(score >= best[:10][-1] - 1e-5 for score in got[:10])
            expected += len(best[:10])
    return found / expected


def test_a_snapshot_is_added_to_until_too_much_of_it_has_gone(tmp_path, builds):
    with open_store(tmp_path) as store:
        store.put(entries(*range(60)))
        store.snapshot()
        store.remove(["a3"])
        store.put(entries(*range(60, 70)))
        store.put([make_entry("a5", "rail again")])
        store.snapshot()
        assert builds == [0]
        assert (contents(store).generation, contents(store).since, contents(store).passages) == (4, 1, 141)
        there = [*entries(*range(3), 4, *range(6, 70)), make_entry("a5", "rail again")]
        assert recall(store, there) == 1
        assert store.check() == ()
    with open_store(tmp_path) as store:
        assert recall(store, there) == 1
        store.remove([f"a{number}" for number in range(10, 30)])
        store.snapshot()
        assert contents(store).since == 5
        assert store.check() == ()


def test_what_comes_after_a_snapshot_is_indexed_once(tmp_path, builds):
    with open_store(tmp_path) as store:
        store.put(entries(*range(20)))
        store.snapshot()
        for number in range(20, 40):
            store.put(entries(number))
            recall(store, entries(*range(number + 1)))
        assert builds.count(40) < 20 <= len(builds) - 1, "all of it now and then, not each time"
        store.remove(["a25", "a2"])
        assert recall(store, entries(*(number for number in range(40) if number not in {2, 25}))) == 1


@pytest.mark.usefixtures("small_lists")
def test_an_approximate_search_finds_nearly_what_an_exact_one_does(tmp_path, builds):
    with open_store(tmp_path) as store:
        store.put(entries(*range(160)))
        store.snapshot()
        store.put(entries(*range(160, 190)))
        store.snapshot()
        store.put(entries(*range(190, 200)))
        assert builds == [0], "and another in memory is to come"
        there = [*entries(*range(200))]
        assert recall(store, there) > 0.8
        assert recall(store, there, WIDE) > 0.8
        assert recall(store, there, NARROW) == 1
        assert store.check() == ()


@pytest.mark.usefixtures("small_lists")
def test_an_index_that_has_outgrown_its_lists_is_made_anew(tmp_path, builds):
    with open_store(tmp_path) as store:
        for numbers in (range(70), range(70, 160), range(160, 200), range(200, 500)):
            store.put(entries(*numbers))
            store.snapshot()
        assert builds == [0, 0, 0], "exact, then by lists, then by more lists"
