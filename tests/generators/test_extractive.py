import numpy as np
import pytest
from fakes import make_entry

from rag.generators.extractive import MARGIN, MOST_SENTENCES, TYPED_MARGIN, ExtractiveGenerator, choose
from rag.types import Candidate, Hit, Request


def hit(text, scores, *, article_id="a", score=1.0, published=None):
    entry = make_entry(article_id, text, language="fr", published=published)
    passage = entry.passages[0]
    candidate = Candidate(entry.article, passage, np.zeros(16), np.zeros((len(scores), 16)), 0.0)
    return Hit(candidate, score + max(scores), 0.0, 0.0, tuple(scores))


def quoted(question, hits):
    return [choice.span.of(hits[choice.hit].candidate.article.text) for choice in choose(question, "fr", hits)]


def test_the_best_sentence_comes_first_and_near_ones_follow():
    hits = [hit("Un fait. Un autre. Rien du tout", [0.8, 0.8 - MARGIN / 2, 0.8 - MARGIN * 2])]
    assert quoted("De quoi s'agit-il ?", hits) == ["Un fait", "Un autre"]


def test_at_most_three_sentences_are_quoted():
    hits = [hit("Un. Deux. Trois. Quatre. Cinq", [0.8] * 5)]
    assert len(quoted("De quoi s'agit-il ?", hits)) == MOST_SENTENCES


def test_the_same_sentence_of_two_outlets_is_quoted_once():
    hits = [hit("Un fait", [0.8]), hit("Un  fait", [0.8], article_id="b")]
    assert quoted("De quoi s'agit-il ?", hits) == ["Un fait"]


@pytest.mark.parametrize(("distance", "found"), [(TYPED_MARGIN / 2, True), (TYPED_MARGIN * 2, False)])
def test_a_sentence_with_a_person_is_added_where_a_person_is_asked_for(distance, found):
    hits = [hit("Le consulat organise. Le Dr Hoang Anh Tuan préside", [0.8, 0.8 - distance])]
    assert ("Le Dr Hoang Anh Tuan préside" in quoted("Qui est le consul ?", hits)) is found


LIST = (
    "Beaucoup sont venus, "
    + ", ".join(f"dont la société {name} de Hanoï" for name in "ABCDEFGHIJKLM")
    + ", 300 groupes"
)


@pytest.mark.parametrize(("question", "whole"), [("Quels groupes sont venus ?", True), ("Combien de groupes ?", False)])
def test_a_long_sentence_is_cut_only_where_it_is_known_what_the_answer_looks_like(question, whole):
    (quote,) = quoted(question, [hit(LIST, [0.8])])
    assert (quote == LIST) is whole
    assert "300" in quote


def test_a_draft_names_the_passage_of_each_sentence():
    hits = [hit("Un fait", [0.8]), hit("Un  autre\nfait", [0.8], article_id="b")]
    draft = list(ExtractiveGenerator().generate(Request("answer", "De quoi s'agit-il ?", "fr", tuple(hits))))
    assert draft == ["Un fait [1]\n", "Un autre fait [2]\n"]


def test_newer_articles_go_first_where_they_are_preferred_and_answer_as_well():
    hits = [
        hit("Un million", [0.80], article_id="old", published="2021"),
        hit("Sans date", [0.79], article_id="undated"),
        hit("Deux millions", [0.80 - MARGIN / 2], article_id="new", published="2025-08"),
        hit("Hors sujet", [0.80 - MARGIN * 2], article_id="newest", published="2026"),
    ]
    chosen = choose("De quoi s'agit-il ?", "fr", hits, latest=True)
    assert [hits[choice.hit].candidate.article.id for choice in chosen] == ["new", "old", "undated"]
    request = Request("answer", "De quoi s'agit-il ?", "fr", tuple(hits), latest=True)
    assert next(ExtractiveGenerator().generate(request)) == "Deux millions [3]\n"
    assert choose("De quoi s'agit-il ?", "fr", [], latest=True) == []
