import pytest

from rag.focus import focus
from rag.types import Article


def article(title, text="", language="fr"):
    return Article("a", title, text, language)


@pytest.mark.parametrize(
    ("question", "title", "left"),
    [
        ("Combien de délégués à Nanning ?", "Nanning accueille l'IA", "Combien de délégués à ?"),
        ("Combien de délégués à Nanning ?", "Une conférence", "Combien de délégués à Nanning ?"),
        ("Who chairs Korvane Batteries' board?", "Korvane Batteries opens a plant", "Who chairs board?"),
        ("北澜储能在云浦的新基地总投资是多少？", "北澜储能落户云浦", "在的新基地总投资是多少？"),
        ("Hội nghị AI+ 2025 có bao nhiêu đại biểu?", "AI+ 2025", "Hội nghị + có bao nhiêu đại biểu?"),
    ],
)
def test_the_names_of_the_title_are_left_out(question, title, left):
    assert focus(question, article(title), "") == left


def test_so_are_names_that_the_text_repeats_but_not_those_it_has_once():
    text = "Viettel parraine ViGen. ViGen est ouvert."
    assert (
        focus("Pourquoi Viettel parraine-t-il ViGen ?", article("Un projet", text), text)
        == "Pourquoi Viettel parraine-t-il ?"
    )


def test_a_question_of_nothing_but_its_subject_has_no_focus():
    assert focus("ViGen 2025 ?", article("ViGen 2025", language="en"), "") == "?"
    assert focus("ViGen", article("ViGen"), "") == ""


def test_full_names_of_the_passage_are_left_out_though_it_has_them_once():
    passage = "Mme Nguyen Hanh, d'AutSmartAI, a pris la parole. Elle a suggéré une autre voie."
    whole = article("Une rencontre", f"{passage} Le Ba Tiep était là.")
    assert focus("Qu'a suggéré Nguyen Hanh ?", whole, passage) == "Qu'a suggéré ?"
    assert focus("Qu'a suggéré Le Ba Tiep ?", whole, passage) == "Qu'a suggéré Le Ba Tiep ?"
    assert focus("Pourquoi AutSmartAI ?", whole, passage) == "Pourquoi AutSmartAI ?"
