"""What becomes of hits that tell one story: agency copy, corrections, and what only looks alike."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import MemoryStore, WordEncoder

from rag.engine import Engine
from rag.indexing import Indexer
from rag.settings import load
from rag.signatures import signature
from rag.syndication import is_correction, one_a_story
from rag.types import Article, Candidate, Filters, Hit, Passage, Span

STORY = (
    "Le typhon Kalmaegi a fait au moins 188 morts dans le centre du Vietnam, ont annoncé mardi les autorités.",
    "Plus de 200 000 personnes ont été évacuées des provinces de Gia Lai et de Dak Lak, selon le ministère.",
    "Les vents ont atteint 149 km/h lorsque le typhon a touché terre jeudi soir près de Quy Nhon.",
    "L'armée a envoyé 6 500 soldats pour dégager les routes et rétablir l'électricité dans les villages.",
    "Le Premier ministre a ordonné l'ouverture de dix ponts provisoires avant la fin du mois de novembre.",
    "Les scientifiques rappellent que le réchauffement de la mer de Chine méridionale renforce les typhons.",
)


def hit(name, sentences=STORY, score=1.0, **fields):
    text = " ".join(sentences)
    spans, start = [], 0
    for sentence in sentences:
        spans.append(Span(start, start + len(sentence)))
        start += len(sentence) + 1
    fields = {"language": "fr", "title": name, "outlet": name, "published": "2025-11-11", **fields}
    article = Article(id=name, text=text, **fields)
    zeros = np.zeros((len(spans), 4), np.float32)
    passage = Passage(name, 0, 0, len(text), tuple(spans))
    candidate = Candidate(article, passage, zeros[0], zeros, 0.0, signature(text))
    return Hit(candidate, score, score, 0.0, (1.0, *[0.5] * (len(spans) - 1)))


def told(*hits):
    """Return (shown, also, replaces) of each hit that stays, by id."""
    stayed = one_a_story(sorted(hits, key=lambda hit: -hit.score))
    return [(h.candidate.article.id, [a.id for a in h.also], [a.id for a in h.replaces]) for h in stayed]


def changed(old, new, sentences=STORY):
    assert old in sentences[0]
    return (sentences[0].replace(old, new), *sentences[1:])


def test_the_same_agency_story_in_five_outlets_is_one_source():
    hits = [
        hit("lemonde", score=1.0),
        hit("figaro", STORY, score=0.99, published="2025-11-12"),
        hit("ouest", STORY[:4], score=0.98),
        hit("20min", (f"HANOÏ (AFP) - {STORY[0]}", *STORY[1:], "(Avec AFP)"), score=1.0),
        hit("undated", STORY[:5], score=0.97, published=None),
    ]
    assert told(*hits) == [("20min", ["lemonde", "figaro", "ouest", "undated"], [])]


def test_other_stories_stay_where_they_are():
    other = hit("pluie", ("La pluie tombe sur les collines.", "Le vent souffle dans la plaine."), score=0.9)
    same = told(hit("a", score=1.0), other, hit("b", score=0.8))
    assert same == [("a", ["b"], []), ("pluie", [], [])]
    assert one_a_story([]) == []
    alone = [hit("a"), other]
    assert one_a_story(alone) == alone


def test_every_passage_of_an_article_that_stays_stays():
    first, second = hit("a", score=1.0), hit("a", score=0.9)
    assert told(first, second, hit("b", score=0.95)) == [("a", ["b"], []), ("a", ["b"], [])]


def test_two_articles_of_one_outlet_are_not_named_as_two_places():
    assert told(hit("a", score=1.0), hit("b", outlet="a", score=0.9)) == [("a", [], [])]
    assert told(hit("x"), hit("y", score=0.9, outlet="P"), hit("z", score=0.8, outlet="P")) == [("x", ["y"], [])]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"published": "2025-11-12"}),
        ({}, {"title": "CORRECTED: a typhoon"}),
        ({"outlet": "other"}, {"title": "Typhon (rectificatif)"}),
        ({"published": None}, {"title": "Đính chính: bão Kalmaegi", "published": None}),
        ({"outlet": "other"}, {"published": "2025-12", "title": "【更正】台风"}),
        ({"url": "https://p.vn/1", "outlet": "A"}, {"url": "https://p.vn/1", "outlet": "B", "published": "2026-03-01"}),
    ],
)
@pytest.mark.parametrize("scores", [(1.0, 0.9), (0.9, 1.0)])
def test_a_later_version_replaces_the_earlier_one(old, new, scores):
    first = hit("first", score=scores[0], **{"outlet": "P", **old})
    second = hit("second", changed("188", "208"), score=scores[1], **{"outlet": "P", **new})
    assert told(first, second) == [("second", [], ["first"])]
    assert told(first) == [("first", [], [])]  # where filters leave nothing but the earlier one


def test_a_report_that_fills_in_the_same_form_every_day_replaces_nothing():
    def report(day, *prices):
        return hit(
            f"or-{day}",
            tuple(
                f"Le {day} novembre, le tael d'or {brand} valait {price} millions de dongs à {city} à la fermeture."
                for brand, price, city in zip(("SJC", "PNJ", "DOJI"), prices, ("Hanoï", "Hué", "Da Nang"), strict=True)
            ),
            outlet="VnEconomy",
            published=f"2025-11-{day}",
            title="Le prix de l'or",
            score=1 - day / 100,
        )

    assert [name for name, *_ in told(report(11, 148, 147, 149), report(12, 151, 150, 152))] == ["or-11", "or-12"]


@pytest.mark.parametrize("published", ["2025-06-01", "2026-11-11"])
def test_a_story_printed_again_long_after_is_another(published):
    assert len(told(hit("a"), hit("b", score=0.9, published=published))) == 2


def test_a_copy_with_another_number_in_what_answers_is_no_copy():
    assert told(hit("a"), hit("b", changed("188", "208"), score=0.9)) == [("a", [], []), ("b", [], [])]
    elsewhere = (*STORY[:2], STORY[2].replace("149", "159"), *STORY[3:])
    assert told(hit("a"), hit("b", elsewhere, score=0.9)) == [("a", ["b"], [])]


@pytest.mark.parametrize(
    ("title", "text", "corrects"),
    [
        ("Corrected: the port", "", True),
        ("Le port [corrigé]", "", True),
        ("更正：港口", "", True),
        ("Le port", "Un texte.\nRectificatif : le tonnage était faux.", True),
        ("Une correction attendue sur les marchés", "", False),
        ("Correctional officers on strike", "", False),
        ("Les marchés", "La correction : un mot. Mise à jour du règlement adoptée.", False),
        ("Cập nhật giá vàng hôm nay", "", False),
    ],
)
def test_an_article_says_itself_that_it_corrects(title, text, corrects):
    assert is_correction(Article("a", title, text, "fr")) is corrects


def test_an_answer_cites_a_story_once_and_the_corrected_version_alone():
    store, encoder = MemoryStore(), WordEncoder()
    outlets = ["Le Monde", "Le Figaro", "Ouest-France", "20 Minutes", "Libération"]
    articles = [
        Article(outlet, "Un typhon", "\n\n".join(STORY), "fr", outlet=outlet, published="2025-11-11")
        for outlet in outlets
    ]
    corrected = "\n\n".join((*changed("188", "208"), "Rectificatif : le bilan a été revu."))
    fixed = Article("fixed", "Un typhon", corrected, "fr", outlet="Le Monde", published="2025-11-12")
    store.put(Indexer(store, encoder, 60).entries(articles))
    engine = Engine(load(threshold=0.0, top_k=10), encoder, store)
    question = "Combien de morts le typhon Kalmaegi a-t-il faits dans le centre du Vietnam ?"
    answer = engine.ask(question)
    (source,) = answer.sources
    assert (len(answer.citations), len(source.also), answer.as_of) == (1, 4, "2025-11-11")
    assert {source.outlet, *(copy.outlet for copy in source.also)} == set(outlets)
    store.put(Indexer(store, encoder, 60).entries([fixed]))
    answer = engine.ask(question)
    assert [(citation.article_id, "208" in citation.quote) for citation in answer.citations] == [("fixed", True)]
    assert {copy.article_id for copy in answer.sources[0].replaces} == set(outlets)
    assert "188" in engine.ask(question, filters=Filters(until="2025-11-11")).text
    assert store.article("Le Monde").text.startswith("Le typhon Kalmaegi a fait au moins 188 morts")
