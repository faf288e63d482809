"""PDF: paragraphs out of letters, with their pages."""

import subprocess
import sys
import zlib

import pytest
from documents import pdf
from linearity import assert_linear

from rag.articles import read
from rag.articles.pdf_layout import Run, lay_out
from rag.errors import ArticleError

SENTENCE = "Le conseil municipal a voté lundi la transformation du port"
FILLER = ["Une ligne de la page qui va jusqu'au bord de sa colonne et", "se termine ici, bien avant le bord."]


def read_one(tmp_path, data, name="a.pdf"):
    path = tmp_path / name
    path.write_bytes(data)
    (found,) = read(path, detect=lambda _: "fr")
    return found


def lines(x, y, texts, size=10, pitch=12):
    return [(x, y - i * pitch, size, text) for i, text in enumerate(texts)]


def test_lines_become_paragraphs_under_the_title_and_the_headings(tmp_path):
    page = [
        (50, 740, 24, "Le port change de cap"),
        *lines(50, 700, [f"{SENTENCE} de commerce", "en port de plaisance, un chantier de 42 millions d’euros."]),
        *lines(50, 660, [f"{SENTENCE} de pêche en", "halle, malgré l’avis des pêcheurs."]),
        (50, 620, 14, "Un vote serré"),
        *lines(50, 595, [f"{SENTENCE} à une voix", "près."]),
    ]
    article = read_one(tmp_path, pdf(page))
    assert article.title == "Le port change de cap"
    assert article.text.split("\n\n") == [
        f"{SENTENCE} de commerce en port de plaisance, un chantier de 42 millions d’euros.",
        f"{SENTENCE} de pêche en halle, malgré l’avis des pêcheurs.",
        "Un vote serré",
        f"{SENTENCE} à une voix près.",
    ]
    assert [h.of(article.text) for h in article.headings] == ["Un vote serré"]
    assert article.pages == (0,)


COLUMN = ["La transformation du port de", "commerce en port de plaisance", "doit coûter 42 millions d’euros."]
OTHER = ["Les pêcheurs s’y opposent et", "réclament douze places à quai", "et une compensation de l’État."]


@pytest.mark.parametrize("interleaved", [False, True])
def test_columns_are_read_one_after_the_other(tmp_path, interleaved):
    left, right = lines(50, 700, COLUMN), lines(320, 700, OTHER)
    page = [run for pair in zip(left, right, strict=True) for run in pair] if interleaved else [*left, *right]
    article = read_one(tmp_path, pdf(page))
    assert article.text.split("\n\n") == [" ".join(COLUMN), " ".join(OTHER)]


def test_a_row_of_a_table_stays_a_line(tmp_path):
    cells = [(50 + 150 * column, 700 - 12 * row, 10, f"{row}{column}") for row in range(3) for column in range(3)]
    article = read_one(tmp_path, pdf([*lines(50, 760, [f"{SENTENCE}."]), *cells]))
    assert article.text.split("\n\n")[1:] == ["00 | 01 | 02", "10 | 11 | 12", "20 | 21 | 22"]


def test_a_word_that_a_line_end_parts_is_one_again_unless_it_has_its_hyphen_elsewhere(tmp_path):
    page = lines(
        50, 700, ["La transformation est un chan-", "tier. Selon Marie-", "Anne Le Goff, peut-être peut-", "être pas."]
    )
    assert (
        read_one(tmp_path, pdf(page)).text
        == "La transformation est un chantier. Selon Marie-Anne Le Goff, peut-être peut-être pas."
    )


def test_what_a_paper_prints_on_every_page_is_no_text_and_a_sentence_goes_over_the_page(tmp_path):
    head = (50, 770, 8, "La Gazette, 12 mars 2025")
    first = [head, *lines(50, 700, FILLER), *lines(50, 640, [SENTENCE]), (300, 30, 8, "1")]
    second = [head, *lines(50, 700, ["de commerce en halle.", *FILLER]), (300, 30, 8, "Page 2 sur 3")]
    third = [head, *lines(50, 700, [f"{SENTENCE} hier."]), (300, 30, 8, "- 3 -")]
    article = read_one(tmp_path, pdf(first, second, third))
    assert f"{SENTENCE} de commerce en halle." in article.text
    assert article.text.count("Gazette") == 0
    assert {(r.text, r.reason) for r in article.removed} >= {
        ("La Gazette, 12 mars 2025", "running_head"),
        ("Page 2 sur 3", "running_head"),
        ("- 3 -", "running_head"),
    }
    assert len(article.pages) == 3
    places = {
        words: article.page_at(article.text.index(words)) for words in ("Une ligne", SENTENCE, "de commerce", "hier")
    }
    assert places == {"Une ligne": 1, SENTENCE: 1, "de commerce": 2, "hier": 3}


def test_a_page_without_text_keeps_its_number(tmp_path):
    article = read_one(tmp_path, pdf([], lines(50, 700, [f"{SENTENCE}, dit la mairie."])))
    assert article.pages == (0, 0)
    assert article.page_at(0) == 2


def test_the_address_that_a_browser_printed_is_the_articles(tmp_path):
    page = [
        *lines(50, 700, [f"{SENTENCE}."]),
        (50, 20, 8, "https://www.a.example/b 1/1"),
        (50, 785, 8, "12/03/2025, 14:02"),
    ]
    article = read_one(tmp_path, pdf(page))
    assert (article.url, article.text) == ("https://www.a.example/b", f"{SENTENCE}.")


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "article_empty"),
        (b"%PDF-1.4\nnothing", "pdf_damaged"),
        (b"no PDF", "pdf_damaged"),
        (pdf([], []), "pdf_without_text"),
        (pdf([(50, 700, 10, SENTENCE)])[:300], "pdf_damaged"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_it(tmp_path, data, key):
    error = read_one(tmp_path, data)
    assert isinstance(error, ArticleError)
    assert (error.key, error.values["origin"]) == (key, "a.pdf")


def test_a_password_is_told(tmp_path):
    encrypt = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<" + b"00" * 32 + b">/U<" + b"11" * 32 + b">>>/ID[<00><00>]"
    error = read_one(tmp_path, pdf([(50, 700, 10, SENTENCE)], trailer=encrypt))
    assert isinstance(error, ArticleError)
    assert error.key == "pdf_encrypted"


READING = """
import resource, sys
from pathlib import Path
from rag.articles import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(found,) = read(Path(sys.argv[1]), detect=lambda _: "fr")
own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(found.key, own - before, child)
"""


def test_a_bomb_ends_its_own_process_and_not_ours(tmp_path):
    """In a new process, since the memory of children is that of the largest that there ever was."""
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(700)) + packer.flush()
    (tmp_path / "a.pdf").write_bytes(pdf(raw=bomb))
    command = [sys.executable, "-c", READING, str(tmp_path / "a.pdf")]
    key, own, child = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert key in ("pdf_too_hard", "pdf_without_text")
    assert int(own) < 200 << 10  # KiB
    assert 0 < int(child) < 1200 << 10


def test_more_text_than_an_article_has_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.articles.pdf.LARGEST_TEXT", 10)
    error = read_one(tmp_path, pdf([(50, 700, 10, SENTENCE)]))
    assert error.key == "article_too_large"


def test_time_is_linear():
    def laid(size):
        return lay_out([(800, [Run(50, 790 - i / 100, 60, 10, "mot-") for i in range(size)])])

    assert_linear(laid, 2000)
