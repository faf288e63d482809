"""Articles that give different numbers, in sentences as the press writes them; and what must raise no alarm."""

from __future__ import annotations

import numpy as np
import pytest

from rag.citations import CitationBook
from rag.disagreements import disagreements, figures_text
from rag.types import Article, Candidate, Hit, Passage, Span


def said(question, *articles, language="fr", cosine=0.9):
    """Return the disagreement with the first article, which is cited; each is (outlet, language, text, published)."""
    hits = []
    for place, (outlet, code, text, *published) in enumerate(articles):
        article = Article(
            outlet, "Titre", text, code, outlet=outlet, published=published[0] if published else "2025-11-11"
        )
        spans = (Span(0, len(text)),)
        vectors = np.tile(
            np.array([1.0, 0.0] if not place else [cosine, (1 - cosine**2) ** 0.5], np.float32), (len(spans), 1)
        )
        candidate = Candidate(article, Passage(outlet, 0, 0, len(text), spans), vectors[0], vectors, 0.0)
        hits.append(Hit(candidate, 1.0 - place / 100, 1.0, 0.0, (1.0,) * len(spans)))
    book = CitationBook()
    book.cite(hits[0], hits[0].candidate.passage.sentences[0])
    return figures_text(disagreements(question, language, hits, book.citations), language)


DEAD_FR = "Combien de morts le typhon Kalmaegi a-t-il faits ?"
DEAD_EN = "How many people did typhoon Kalmaegi kill? How many dead?"
COST_VI = "Cầu Tứ Liên có vốn bao nhiêu?"


@pytest.mark.parametrize(
    ("question", "language", "one", "other", "expected"),
    [
        (DEAD_FR, "fr", ("VnEconomy", "fr", "Le typhon Kalmaegi a fait 300 morts au Vietnam."),
         ("Le Monde", "fr", "Le bilan du typhon Kalmaegi s'élève à 350 morts, selon le gouvernement."),
         "300 (VnEconomy) / 350 (Le Monde)"),
        (DEAD_FR, "fr", ("Le Monde", "fr", "Le typhon Kalmaegi a fait 188 morts et 12 disparus."),
         ("Tuổi Trẻ", "vi", "Bão Kalmaegi làm 208 người chết và 30 người bị thương."),
         "188 (Le Monde) / 208 (Tuổi Trẻ)"),
        (DEAD_EN, "en", ("Viet Nam News", "en", "Typhoon Kalmaegi killed 208 people in central Vietnam."),
         ("Libération", "fr", "Le typhon Kalmaegi a tué 240 personnes, dont 12 enfants."), ""),  # two numbers
        (DEAD_EN, "en", ("Viet Nam News", "en", "Typhoon Kalmaegi killed 1,208 people."),
         ("Libération", "fr", "Le typhon Kalmaegi a tué 1 400 personnes."),
         "1,208 (Viet Nam News) / 1,400 (Libération)"),
        (COST_VI, "vi", ("VnEconomy", "vi", "Cầu Tứ Liên có tổng vốn đầu tư 300 triệu đô la."),
         ("Le Monde", "fr", "Le pont Tu Lien coûtera 350 millions de dollars, selon la mairie."),
         "300 triệu USD (VnEconomy) / 350 triệu USD (Le Monde)"),
        ("How much will Tu Lien bridge cost? How much investment?", "en",
         ("VNA", "en", "Tu Lien bridge will cost $350 million."),
         ("VnEconomy", "vi", "Cầu Tứ Liên có vốn đầu tư 420,5 triệu đô la."),
         "350 million USD (VNA) / 420.5 million USD (VnEconomy)"),
        ("Combien de tonnes le port de Hai Phong a-t-il traitées ?", "fr",
         ("Le Courrier", "fr", "Le port de Hai Phong a traité 112 millions de tonnes."),
         ("Les Échos", "fr", "Le port de Hai Phong a traité 85 millions de tonnes, selon la douane."),
         "112 millions t (Le Courrier) / 85 millions t (Les Échos)"),
        ("台风造成多少人死亡？", "zh", ("新华社", "zh", "台风造成208人死亡。"),
         ("Le Monde", "fr", "Le typhon a fait 188 morts."),
         "208 (新华社) / 188 (Le Monde)"),
        ("Combien d'écoles ouvriront à Hué ?", "fr", ("A", "fr", "À Hué, 12 écoles ouvriront."),
         ("B", "fr", "Le maire dit que 15 écoles ouvriront à Hué."), "12 (A) / 15 (B)"),
    ],
)  # fmt: skip
def test_different_numbers_for_one_thing_are_told(question, language, one, other, expected):
    assert said(question, one, other, language=language).replace("\u00a0", " ") == expected


KILLED = ("Le Monde", "fr", "Le typhon Kalmaegi a fait 188 morts.")


@pytest.mark.parametrize(
    "other",
    [
        ("injured", "fr", "Le typhon Kalmaegi a fait 240 blessés."),
        ("injured, vi", "vi", "Bão Kalmaegi làm 240 người bị thương."),
        ("dead and else", "fr", "Le typhon Kalmaegi a fait des morts et détruit 250 maisons."),
        ("else and dead", "fr", "Le typhon Kalmaegi a détruit 250 maisons et fait des morts."),
        ("the same", "vi", "Bão Kalmaegi làm 188 người chết."),
        ("rounded", "en", "Typhoon Kalmaegi killed 190 people."),
        ("hedged", "fr", "Le typhon Kalmaegi a fait près de 200 morts."),
        ("vague", "fr", "Le typhon Kalmaegi a fait des centaines de morts."),
        ("another typhoon", "fr", "Le typhon Yagi a fait 320 morts."),
        ("another year", "fr", "En 2024, le typhon Kalmaegi a fait 320 morts."),
        ("long after", "fr", "Le typhon Kalmaegi a fait 320 morts.", "2026-02-01"),
        ("without a date", "fr", "Le typhon Kalmaegi a fait 320 morts.", None),
        ("too many", "fr", "Le typhon Kalmaegi a fait 1 200 morts."),
        ("of money", "fr", "Le typhon Kalmaegi, ce sont 320 millions de dollars de dégâts et des morts."),
    ],
)
def test_what_says_something_else_is_no_disagreement(other):
    assert said(DEAD_FR, KILLED, other) == ""


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("Qui a parlé du typhon Kalmaegi ?", KILLED, ("B", "fr", "Le typhon Kalmaegi a fait 320 morts.")),
        (DEAD_FR, ("A", "fr", "Mardi, le typhon Kalmaegi avait fait 188 morts."),
         ("B", "fr", "Jeudi, le typhon Kalmaegi avait fait 320 morts.")),
        (DEAD_FR, ("A", "fr", "Le 4 novembre, le typhon Kalmaegi avait fait 188 morts."),
         ("B", "fr", "Le 7 novembre, le typhon Kalmaegi avait fait 320 morts.")),
        ("Combien de ponts Hanoï a-t-elle ?", ("A", "fr", "Hanoï a 12 ponts."), ("B", "fr", "Hanoï a 15 écoles.")),
        ("Combien de ponts Hanoï a-t-elle ?", ("A", "fr", "Hanoï a 12 ponts."), ("B", "en", "Hanoi has 15 bridges.")),
        ("Combien de personnes sont venues à Hué ?", ("A", "fr", "À Hué, 120 personnes sont venues."),
         ("B", "fr", "À Hué, 150 personnes sont venues.")),
        ("Combien coûtera le pont Tu Lien ?", ("A", "fr", "Le pont Tu Lien coûtera 350 millions de dollars."),
         ("B", "fr", "L'État apportera 250 millions de dollars pour le pont Tu Lien.")),
        ("Combien coûtera le pont Tu Lien ?", ("A", "fr", "Le pont Tu Lien coûtera 350 millions de dollars."),
         ("B", "fr", "Le pont Tu Lien coûtera 300 millions d'euros.")),
        ("De combien le trafic a-t-il progressé ?", ("A", "fr", "Le trafic a progressé de 8 %."),
         ("B", "fr", "Le trafic des conteneurs a reculé de 12 %.")),
    ],
)  # fmt: skip
def test_other_times_and_other_things_are_no_disagreement(question, one, other):
    assert said(question, one, other) == ""


def test_sentences_that_are_far_from_each_other_are_not_compared():
    other = ("B", "fr", "Le typhon Kalmaegi a fait 320 morts.")
    assert said(DEAD_FR, KILLED, other, cosine=0.6) == ""
    assert said(DEAD_FR, KILLED, other) != ""
    assert said(DEAD_FR, KILLED) == ""


def test_outlets_that_agree_stand_together():
    others = [(name, "fr", "Le typhon Kalmaegi a fait 320 morts.") for name in ("B", "C")]
    assert said(DEAD_FR, KILLED, *others) == "188 (Le Monde) / 320 (B, C)"
