"""What every Store does, whichever it is."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from fakes import MemoryStore, digest_of, make_entry, vector_of

from rag.errors import ArticleNotFound, EncoderError
from rag.store import open_store
from rag.types import Filters, Origin, Reading, Removed, Span

WORDS = ["rail", "border", "hanoi", "treaty", "minister", "trade", "flood", "=1979", "zh:越南", "fr:confér", "port"]


@pytest.fixture(params=["memory", "embedded", "embedded with a snapshot"])
def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else open_store(tmp_path / "collection")
    if request.param == "embedded with a snapshot":
        put = made.put

        def put_and_snapshot(entries):
            put(entries)
            made.snapshot()

        made.put = put_and_snapshot
    yield made
    made.close()


def corpus(count=24):
    rng = np.random.default_rng(7)
    for number in range(count):
        passages = [
            ". ".join(f"{number}-{ordinal}-{k} " + " ".join(rng.choice(WORDS, 5)) for k in range(3))
            for ordinal in range(number % 3 + 1)
        ]
        yield make_entry(
            f"a{number:02}",
            *passages,
            language=["fr", "vi", "en"][number % 3],
            url=f"https://www.paper{number % 4}.vn/x" if number % 5 else None,
            outlet="Le Courrier" if number % 6 == 0 else None,
            published=[None, "2024", "2025-06", "2025-06-15", "2025"][number % 5],
        )


def ways(candidates, vector):
    """Return the scores of candidates for each of the three ways to be near, best first."""
    return (
        sorted((float(c.passage_vector @ vector) for c in candidates), reverse=True),
        sorted((float((c.sentence_vectors @ vector).max()) for c in candidates), reverse=True),
        sorted((c.lexical for c in candidates if c.lexical), reverse=True),
    )


def assert_same_search(store, oracle, vector, terms, *, limit, filters=Filters()):  # noqa: B008 - frozen
    """Compare a search with all there is, by scores: which of two equals is found is nobody's business."""
    found = store.search(vector, terms, limit=limit, filters=filters)
    everything = oracle.search(vector, terms, limit=10**6, filters=filters)
    by_name = {(c.passage.article_id, c.passage.ordinal): c for c in everything.candidates}
    assert len(found.candidates) <= 3 * limit
    for candidate in found.candidates:
        expected = by_name[candidate.passage.article_id, candidate.passage.ordinal]
        assert candidate.article == expected.article
        assert candidate.passage == expected.passage
        np.testing.assert_array_equal(candidate.passage_vector, expected.passage_vector)
        np.testing.assert_array_equal(candidate.sentence_vectors, expected.sentence_vectors)
        assert candidate.lexical == pytest.approx(expected.lexical)
    for got, best in zip(ways(found.candidates, vector), ways(everything.candidates, vector), strict=True):
        assert got[:limit] == pytest.approx(best[:limit], abs=1e-5)
    assert (found.frequencies, found.passages) == (everything.frequencies, everything.passages)


@pytest.fixture
def oracle():
    store = MemoryStore()
    store.put(corpus())
    return store


@pytest.mark.parametrize("limit", [1, 5, 100])
def test_search_finds_the_best_of_each_way(store, oracle, limit):
    store.put(corpus())
    for number in range(8):
        terms = [WORDS[number], WORDS[-number], "nowhere", f"{number}-0-0"]
        assert_same_search(store, oracle, vector_of(f"question {number}"), terms, limit=limit)
    assert_same_search(store, oracle, vector_of("no terms"), [], limit=limit)


FILTERS = [
    Filters(languages=("fr",)),
    Filters(languages=("fr", "vi")),
    Filters(sources=("PAPER1.vn",)),
    Filters(sources=("www.paper1.vn", "le courrier")),
    Filters(sources=("aper1.vn",)),
    Filters(since="2025-06"),
    Filters(until="2024"),
    Filters(since="2025-06-15", until="2025-06-20"),
    Filters(since="2025-07"),
    Filters(languages=("en",), sources=("paper2.vn",), since="2024"),
]


@pytest.mark.parametrize("filters", FILTERS)
def test_filters_come_before_the_limit(store, oracle, filters):
    store.put(corpus())
    assert_same_search(store, oracle, vector_of("question"), WORDS[:4], limit=3, filters=filters)
    assert list(store.articles(filters)) == list(oracle.articles(filters))


def test_bm25_worked_by_hand(store):
    store.put([make_entry("a", "rail rail port", "port"), make_entry("b", "sea sea")])
    found = store.search(vector_of("q"), ["rail", "port", "rail"], limit=9)
    scores = {(c.passage.article_id, c.passage.ordinal): c.lexical for c in found.candidates}
    rail, port = math.log(1 + 2.5 / 1.5), math.log(1 + 1.5 / 2.5)
    long, short = 1.2 * (0.25 + 0.75 * 3 / 2), 1.2 * (0.25 + 0.75 * 1 / 2)
    assert scores == pytest.approx(
        {
            ("a", 0): rail * 2.2 * 2 / (2 + long) + port * 2.2 / (1 + long),
            ("a", 1): port * 2.2 / (1 + short),
            ("b", 0): 0,
        }
    )
    assert found.frequencies == {"rail": 1, "port": 2}
    assert found.passages == 3


def test_an_empty_collection(store):
    found = store.search(vector_of("q"), ["rail"], limit=5)
    assert (found.candidates, found.frequencies, found.passages, found.generation) == ((), {"rail": 0}, 0, 0)
    assert list(store.articles()) == []
    assert store.remove(["a"]) == 0
    assert store.state().generation == 0


def test_an_article_comes_back_whole(store):
    entry = make_entry("a", "One. Two", url="http://x.vn/1", outlet="X", published="2025", published_inferred=True)
    article = dataclasses.replace(
        entry.article,
        headings=(Span(0, 3),),
        removed=(Removed("advert", "advertisement"),),
        origin="a.txt",
        pages=(0, 5),
    )
    store.put([dataclasses.replace(entry, article=article, signature=b"1234")])
    assert store.article("a") == article
    (found,) = store.search(vector_of("q"), [], limit=1).candidates
    assert (found.article, found.signature) == (article, b"1234")
    assert store.passages("a") == ((0, 7),)
    with pytest.raises(ArticleNotFound):
        store.article("b")
    with pytest.raises(ArticleNotFound):
        store.passages("b")


def test_replacing_and_removing(store):
    store.put([make_entry("a", "old rail", "old sea"), make_entry("b", "port")])
    store.put([make_entry("a", "new rail")])
    found = store.search(vector_of("q"), ["old", "new", "rail"], limit=9)
    assert found.frequencies == {"old": 0, "new": 1, "rail": 1}
    assert {c.article.text for c in found.candidates} == {"new rail", "port"}
    assert store.remove(["a", "nowhere"]) == 1
    found = store.search(vector_of("q"), ["rail"], limit=9)
    assert ([c.article.id for c in found.candidates], found.generation) == (["b"], 3)
    state = store.state()
    assert (state.articles, state.passages, state.sentences, dict(state.languages)) == (1, 1, 1, {"en": 1})
    store.remove(["b"])
    assert store.search(vector_of("q"), ["port"], limit=9).candidates == ()


def test_vectors_are_handed_out_again_until_no_text_needs_them(store):
    store.put([make_entry("a", "shared. mine"), make_entry("b", "shared. yours")])
    wanted = [digest_of("shared"), digest_of("mine"), digest_of("nobody's")]
    kept = store.vectors("fake", wanted)
    assert kept.keys() == set(wanted[:2])
    np.testing.assert_array_equal(kept[wanted[0]], vector_of("shared"))
    assert store.vectors("another", wanted) == {}
    store.remove(["a"])
    assert store.vectors("fake", wanted).keys() == {wanted[0]}


def test_another_encoder_is_refused_and_nothing_is_kept(store):
    store.put([make_entry("a", "rail")])
    for other in (make_entry("c", "sea", fingerprint="other"), make_entry("c", "sea", dimension=8)):
        with pytest.raises(EncoderError, match="gain"):
            store.put([make_entry("b", "port"), other])
    assert [summary.id for summary in store.articles()] == ["a"]
    with pytest.raises(EncoderError, match=r"dimension|shape"):
        store.search(vector_of("q", 8), [], limit=1)


def test_every_article_at_once_may_change_the_encoder(store):
    store.put([make_entry("a", "rail"), make_entry("b", "sea")])
    store.put(
        [
            make_entry("a", "rail", fingerprint="other", dimension=8),
            make_entry("b", "x", fingerprint="other", dimension=8),
        ]
    )
    assert len(store.search(vector_of("q", 8), ["rail"], limit=5).candidates) == 2
    assert store.state().encoder == "other"


def test_an_article_without_passages(store):
    store.put([make_entry("a"), make_entry("b", "rail")])
    assert store.passages("a") == ()
    assert [c.article.id for c in store.search(vector_of("q"), ["rail"], limit=5).candidates] == ["b"]


def test_a_healthy_collection_has_no_problems(store):
    store.put(corpus())
    store.remove(["a03"])
    assert store.check() == ()
    assert store.check(repair=True) == ()


def test_vectors_are_kept_for_an_encoder_to_come_while_the_present_one_answers(store):
    store.put([make_entry("a", "rail"), make_entry("b", "sea")])
    old = store.search(vector_of("q"), ["rail"], limit=5)
    coming = [
        make_entry(name, words, fingerprint="other", dimension=8) for name, words in [("a", "rail"), ("b", "sea")]
    ]
    store.keep(coming)
    store.keep(coming)
    during = store.search(vector_of("q"), ["rail"], limit=5)
    assert (old.generation, old.encoder) == (during.generation, during.encoder) == (1, "fake")
    assert store.vectors("other", coming[0].passage_digests).keys() == {*coming[0].passage_digests}
    assert store.check() == ()
    store.put(iter(coming))
    assert store.search(vector_of("q", 8), ["rail"], limit=5).encoder == "other"
    assert store.check() == ()


def test_what_was_kept_for_an_encoder_that_never_came_goes_when_another_comes(store):
    store.put([make_entry("a", "rail")])
    store.keep([abandoned := make_entry("a", "rail", fingerprint="never", dimension=8)])
    store.put([make_entry("a", "rail", fingerprint="other", dimension=4)])
    assert store.vectors("never", abandoned.passage_digests) == {}


def test_entries_are_taken_one_at_a_time_and_undone_where_they_end_in_an_error(store):
    def entries():
        yield make_entry("a", "rail")
        raise InterruptedError

    with pytest.raises(InterruptedError):
        store.put(entries())
    assert store.state().generation == 0
    assert list(store.articles()) == []


def test_origins_are_remembered_replaced_and_forgotten(store):
    one = Origin("/press/a.txt", "12 34", "d", (Reading("a", "e", "c", "/press/a.txt"),))
    two = Origin("https://paper.vn/x", "etag", "d", ())
    store.remember([one, two])
    assert store.origins() == {one.name: one, two.name: two}
    changed = dataclasses.replace(one, mark="13 35")
    store.remember([changed], gone=[two.name])
    assert store.origins() == {one.name: changed}
    assert store.state().generation == 0
