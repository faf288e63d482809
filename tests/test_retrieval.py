from dataclasses import replace

import numpy as np
import pytest
from fakes import MemoryStore, WordEncoder

from rag.indexing import Indexer
from rag.retrieval import (
    BM25_K1,
    FEEDBACK,
    FEEDBACK_SCALE,
    FEEDBACK_WEIGHT,
    LEXICAL_WEIGHT_ACROSS,
    LEXICAL_WEIGHT_SAME,
    NEAR_BEST,
    NEIGHBOUR,
    TOKEN_WEIGHT,
    idf,
    lexical_bound,
    newest_first,
    retrieve,
)
from rag.types import SENTENCE_WEIGHT, Article, Filters

TEXTS = {
    "nanning": ("fr", "Nanning a réuni 300 délégués. La ville accueille la conférence."),
    "valley": ("fr", "Le consul parle à San Francisco. Les experts viennent de la Silicon Valley."),
    "rain": ("fr", "La pluie tombe sur les collines. Le vent souffle dans la plaine."),
    "english": ("en", "Nanning welcomed 300 guests. The weather stayed dry all week."),
}


@pytest.fixture
def encoder():
    return WordEncoder()


@pytest.fixture
def store(encoder):
    store = MemoryStore()
    articles = [Article(id=name, title=name, text=text, language=code) for name, (code, text) in TEXTS.items()]
    store.put(Indexer(store, encoder, 60).entries(articles))
    return store


def ask(question, language, encoder, store, **given):
    return retrieve(question, language, encoder=encoder, store=store, candidates=10, **given)


def test_the_nearest_passage_comes_first(encoder, store):
    found = ask("Combien de délégués à Nanning ?", "fr", encoder, store)
    assert found.hits[0].candidate.article.id == "nanning"
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)


def test_a_score_is_the_passage_its_best_sentence_the_tokens_and_a_share_of_bm25(encoder, store):
    found = ask("délégués à Nanning", "fr", encoder, store)
    vector = encoder.encode_queries(["délégués à Nanning"], ["fr"])[0]
    tokens = encoder.encode_query_tokens("délégués à Nanning", "fr")
    bound = lexical_bound(found.terms, found.result.frequencies, found.result.passages)
    for hit in found.hits:
        sentences = hit.candidate.sentence_vectors @ vector
        passage = hit.candidate.passage_vector @ vector
        weight = LEXICAL_WEIGHT_SAME if hit.candidate.article.language == "fr" else LEXICAL_WEIGHT_ACROSS
        assert hit.dense == pytest.approx(passage + sentences.max(), abs=1e-5)
        matched = (hit.candidate.sentence_vectors @ tokens.T).max(axis=0)
        expected = passage + SENTENCE_WEIGHT * sentences.max() + TOKEN_WEIGHT * matched.mean()
        assert hit.score == pytest.approx(expected + weight * hit.candidate.lexical / bound, abs=1e-5)
        assert np.allclose(hit.sentence_scores, sentences, atol=1e-5)


def test_an_encoder_without_token_states_ranks_without_them(encoder, store):
    class Plain(WordEncoder):
        def encode_query_tokens(self, _text, _language):
            return np.zeros((0, self.dimension), np.float32)

    with_tokens, left_out, plain = (
        ask("délégués à Nanning", "fr", each, store, without=without).hits
        for each, without in ((encoder, ()), (encoder, ("tokens",)), (Plain(), ()))
    )
    assert [hit.score for hit in plain] == pytest.approx([hit.score for hit in left_out], abs=1e-6)
    assert with_tokens[0].score > left_out[0].score


def test_what_other_languages_tell_of_the_same_comes_forward(encoder):
    store = MemoryStore()
    words = ["délégués", "robots", "santé", "pluie", "vent"]
    pairs = [(a, b) for a in words for b in words]
    articles = [Article(f"{a} {b}", "", f"{a} {b} délégués", "en" if "santé" in (a, b) else "fr") for a, b in pairs]
    store.put(Indexer(store, encoder, 60).entries(articles))
    found, plain = (
        ask("Nanning délégués robots", "fr", encoder, store, without=without).hits for without in ((), ("neighbours",))
    )
    shares = np.exp([(hit.score - plain[0].score) / FEEDBACK_SCALE for hit in plain[:FEEDBACK]])
    centre = np.average([hit.candidate.passage_vector for hit in plain[:FEEDBACK]], axis=0, weights=shares)

    def rise(hit):
        near = hit.candidate.passage_vector @ centre - NEIGHBOUR
        return FEEDBACK_WEIGHT * max(near, 0.0) if hit.candidate.article.language == "en" else 0.0

    behind = sorted(plain[1:], key=lambda hit: -hit.score - rise(hit))
    assert plain[0].candidate.article.language == "fr"
    assert [hit.candidate.article.id for hit in found] == [hit.candidate.article.id for hit in [plain[0], *behind]]
    assert [hit.candidate for hit in found] != [hit.candidate for hit in plain]
    assert [hit.score for hit in found] == [hit.score for hit in plain]


def test_across_languages_only_names_and_numbers_match(encoder, store):
    found = ask("Nanning weather", "de", encoder, store)
    lexical = {hit.candidate.article.id: hit.lexical for hit in found.hits}
    assert lexical["nanning"] > 0
    assert lexical["english"] > 0
    assert lexical["rain"] == 0


def test_filters_choose_the_articles(encoder, store):
    found = ask("Nanning", "fr", encoder, store, filters=Filters(languages=("en",)))
    assert {hit.candidate.article.id for hit in found.hits} == {"english"}


def test_idf_and_the_bound_by_hand():
    assert idf(1, 9) == pytest.approx(np.log(1 + 8.5 / 1.5))
    assert idf(9, 9) > 0
    assert lexical_bound(["a", "b"], {"a": 1}, 9) == pytest.approx((BM25_K1 + 1) * (idf(1, 9) + idf(0, 9)))
    assert lexical_bound([], {}, 9) == 0


def test_what_is_near_the_best_is_put_in_order_of_date_where_that_is_asked_for(encoder, store):
    hit = ask("délégués", "fr", encoder, store).hits[0]

    def dated(name, published, score):
        article = replace(hit.candidate.article, id=name, published=published)
        return replace(hit, candidate=replace(hit.candidate, article=article), score=score)

    hits = [
        dated("undated", None, 1.0),
        dated("year", "2025", 0.99),
        dated("day", "2025-06-01", 0.98),
        dated("old", "2020-01-01", 1.0 - NEAR_BEST),
        dated("off", "2026", 0.9 - NEAR_BEST),
    ]
    found = newest_first(hits)
    assert [hit.candidate.article.id for hit in found] == ["day", "year", "old", "undated", "off"]
    assert [hit.score for hit in found] == [hit.score for hit in hits]
    assert newest_first([]) == ()


def test_copies_of_one_story_are_one_source(encoder, store):
    text = TEXTS["nanning"][1]
    copies = [Article(f"copy{n}", "nanning", text, "fr", outlet=f"outlet {n}") for n in range(4)]
    store.put(Indexer(store, encoder, 60).entries(copies))
    hits = ask("Combien de délégués à Nanning ?", "fr", encoder, store).hits
    (story,) = [hit for hit in hits if hit.candidate.article.text == text]
    assert [a.id for a in story.also] == ["copy1", "copy2", "copy3", "nanning"]
