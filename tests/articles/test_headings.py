"""Titles and headings are told from sentences."""

import pytest

from rag.articles.headings import headings, split_title, title_from
from rag.articles.lines import Line, plain_lines

LONG = "Le consul général a souligné que la vallée est un pôle mondial où les idées deviennent vite des produits."


def found(*texts):
    lines = [Line(text) for text in texts]
    return [line.text for line, heading in zip(lines, headings(lines), strict=True) if heading]


@pytest.mark.parametrize(
    "heading",
    [
        "Une coopération renforcée",
        "Signature d'un accord : de l'idée à l'action",
        "Part au « grand terrain de jeu »",
        "Hợp tác công nghệ",
        "人工智能的未来",
    ],
)
def test_a_short_line_without_a_stop_above_a_paragraph_is_a_heading(heading):
    assert found(LONG, heading, LONG) == [heading]


@pytest.mark.parametrize(
    "line",
    [
        "« Nous sommes prêts »",
        '"We are ready"',
        "- un point d'une liste",
        "Il y a trois axes :",
        "Par Jean Dupont",
        "Publié le 7 décembre 2025",
        "A line of more than one hundred characters is a paragraph, although it ends without any stop at its end",
        "***",
    ],
)
def test_other_short_lines_are_not(line):
    assert found(LONG, line, LONG) == []


def test_items_of_a_list_are_not_headings():
    assert found("Les trois axes sont :", "la science", "la technique", "l'innovation", LONG) == []


def test_headings_with_a_full_stop_come_in_several_and_hold_no_finite_verb():
    one, two = "Le fondement central du développement durable.", "Des liens plus profonds, des actions plus concrètes."
    assert found(LONG, one, LONG, two, LONG) == [one, two]
    assert found(LONG, one, LONG) == []
    assert found(LONG, "Il pleuvait ce jour-là.", LONG, "Elle est partie sans lui.", LONG) == []
    assert found(LONG, "The rain was heavy that day.", LONG, "He said nothing at all.", LONG) == []
    assert found(LONG, "Oui.", LONG, "Non.", LONG) == []
    assert found("Un jour de pluie.", "Une nuit sans lune.", "Un matin de brume.", "Un soir de fête.") == []


def test_marked_headings_are_the_only_ones():
    lines = [Line(LONG), Line("Sans marque"), Line(LONG), Line("Marqué.", 2), Line("Court.")]
    assert headings(lines) == (False, False, False, True, False)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"Un titre\n\n{LONG}", "Un titre"),
        (f"Un titre\n{LONG}{LONG}", "Un titre"),
        (f"Un titre\nPar Jean Dupont\n{LONG}", "Un titre"),
        ("Un titre ?\n\nUne phrase.", None),
        ("Une phrase courte.\n\nUne autre.", None),
        ("Une ligne\nUne autre ligne", None),
        ("Rien d'autre", None),
        (f"{LONG}\n\n{LONG}", None),
        (f"- un point\n\n{LONG}", None),
    ],
)
def test_a_first_line_is_a_title_where_it_looks_like_one(text, title):
    found_title, rest = split_title(plain_lines(text))
    assert found_title == title
    assert "\n".join(line.text for line in rest).strip() == text.removeprefix(title or "").strip()


def test_the_first_marked_heading_is_the_title():
    title, rest = split_title([Line("Chapeau."), Line("Titre", 1), Line("Texte.")])
    assert (title, [line.text for line in rest]) == ("Titre", ["Chapeau.", "Texte."])
    assert split_title([Line("Section", 2), Line("Texte.")])[0] is None


def test_a_title_is_made_of_the_first_words():
    assert title_from("Court.\n\nSuite") == "Court."
    assert title_from(LONG) == "Le consul général a souligné que la vallée est un pôle mondial où les idées deviennent…"
    assert title_from("中" * 200) == "中" * 90 + "…"
