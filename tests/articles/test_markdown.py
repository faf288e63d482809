"""Markdown is read as its reader sees it."""

from datetime import date

import pytest
from linearity import assert_linear

from rag.articles import read
from rag.articles.markdown import _words
from rag.errors import ArticleError


def read_one(tmp_path, text):
    path = tmp_path / "a.md"
    path.write_text(text)
    (found,) = read(path, detect=lambda _: "fr", today=date(2026, 6, 1))
    return found


def test_an_article_with_front_matter(tmp_path):
    article = read_one(
        tmp_path,
        "---\ntitle: Un titre\nurl: https://www.a.vn/x\ndate: 2025-12-07\noutlet: VNA\nlang: vi\nid: vna-1\n---\n"
        "# Un titre\n\nUn [lien](https://x.vn/a_(b)) et **du gras**.\n\n## Section ##\n\n![image](a.png)\n\n"
        "- _premier_ point\n- second\n\n> Citation de `code`.\n",
    )
    assert (article.id, article.title, article.url) == ("vna-1", "Un titre", "https://www.a.vn/x")
    assert (article.outlet, article.published, article.language) == ("VNA", "2025-12-07", "vi")
    assert article.text == "Un lien et du gras.\n\nSection\n\npremier point\n\nsecond\n\nCitation de code."
    assert [h.of(article.text) for h in article.headings] == ["Section"]
    assert [(r.text, r.reason) for r in article.removed] == [
        ("![image](a.png)", "image"),
        ("Un titre", "repeated_title"),
    ]


def test_underlined_headings_and_rules(tmp_path):
    article = read_one(tmp_path, "Titre\n=====\n\nUn.\n\nSection\n---\n\nDeux.\n\n---\n\nTrois.\n")
    assert (article.title, article.text) == ("Titre", "Un.\n\nSection\n\nDeux.\n\nTrois.")
    assert [h.of(article.text) for h in article.headings] == ["Section"]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("2 * 3 = 6 et snake_case_name", "2 * 3 = 6 et snake_case_name"),
        ("***fort*** et __gras__ et _l'italique_, *ici*.", "fort et gras et l'italique, ici."),
        (r"un \*astérisque\* et \[crochet\]", "un *astérisque* et [crochet]"),
        ("[texte][ref] <https://a.vn> <b>gras</b><br/>", "texte https://a.vn gras"),
        ("![image](a.png)", "![image](a.png)"),
        ("l'[[lien]] et f(x)[0]", "l'[[lien]] et f(x)[0]"),
    ],
)
def test_marks_go_and_words_stay(markup, words):
    assert _words(markup) == words


@pytest.mark.parametrize(
    "front",
    [
        "title: [",
        "title: [un]",
        "date: 2025-13-45",
        "a: &a [x]\ntitle: *a",
        "title: " + "[" * 5000,
        "? !!python/object:x",
    ],
)
def test_bad_front_matter_is_an_error_that_names_the_file(tmp_path, front):
    error = read_one(tmp_path, f"---\n{front}\n---\nTexte.")
    assert isinstance(error, ArticleError)
    assert str(error).startswith("a.md: ")


@pytest.mark.parametrize("text", ["---\n\n---\nTexte.", "Texte.", "---\nTexte."])
def test_front_matter_can_be_empty_or_missing(tmp_path, text):
    assert read_one(tmp_path, text).text == "Texte."


@pytest.mark.parametrize(
    "piece", ["a", "[", "](", "[](", "[]((", "*", "*a", "_", "<", "<a ", "\\", "`", "[a][", "> ", "- "]
)
def test_time_is_linear(tmp_path, piece):
    assert_linear(lambda size: read_one(tmp_path, piece * (size // len(piece))), 50_000)
