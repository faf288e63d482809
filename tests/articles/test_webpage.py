"""A page that a browser saved is read as its reader reads the article on it."""

from datetime import date

import pytest
from linearity import assert_linear

from bench.boilerplate import PAGES, measure
from rag.articles import read
from rag.errors import ArticleError

TODAY = date(2026, 1, 1)


def read_one(path):
    (found,) = read(path, detect=lambda _: "und", today=TODAY)
    return found


def page(name):
    return read_one(PAGES / f"{name}.html")


def made(tmp_path, markup, name="a.html"):
    path = tmp_path / name
    path.write_bytes(markup if isinstance(markup, bytes) else markup.encode())
    return read_one(path)


def test_a_page_with_all_that_a_news_site_puts_around_an_article():
    article = page("fr-quotidien")
    assert article.title == "A Brélec, la criée rouvre après deux ans de travaux"
    assert article.url == "https://www.gazette-ouest.example/economie/2025/03/14/brelec-criee.html"
    assert (article.outlet, article.language) == ("La Gazette de l’Ouest", "fr")
    assert (article.published, article.published_inferred) == ("2025-03-14", False)
    assert article.text == (PAGES / "fr-quotidien.txt").read_text(encoding="utf-8").strip()
    assert [h.of(article.text) for h in article.headings] == ["Un froid moins gourmand"]
    removed = {item.reason: item.text for item in article.removed}
    assert removed["caption"].startswith("La nouvelle halle à marée de Brélec")
    assert any("parking promises aux riverains" in item.text for item in article.removed)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("en-standard", ("https://www.kelfordcourier.example/news/2025/apr/09/harbour-tram", "2025-04-09", "en")),
        ("fr-direct", ("https://canal-info.example/direct/vorne", "2025-01-22", "fr")),
        ("en-spa", ("https://meridian.example/tech/orrin-galt", "2025-08-19", "en")),
        ("fr-depeche", (None, "2025-02-12", "fr")),
        ("vi-sapo", ("https://songnuoc.example/cau-vam-dong-thong-xe-4712033.html", "2025-09-02", "vi")),
        ("zh-menhu", (None, "2024-10-01", "zh")),
    ],
)
def test_metadata_comes_from_the_page_itself(name, expected):
    article = page(name)
    assert (article.url, article.published, article.language) == expected
    assert not article.published_inferred


def test_a_live_blog_stays_in_its_order_and_a_table_in_its_rows():
    text = page("en-live").text
    assert (
        text.index("Gusts of 94mph") < text.index("Red warning") < text.index("Airport reopens") < text.index("71, saw")
    )
    assert "Robert Stokes | Labour | 9,259" in page("en-results").text


def test_articles_are_told_from_the_rest_at_least_as_well_as_by_trafilatura_alone():
    scores = {path: measure(path) for path in sorted(PAGES.rglob("*.html"))}
    assert len(scores) >= 30
    ours, plain = (sum(score[side] for score in scores.values()) / len(scores) for side in (0, 1))
    assert ours >= 0.97
    assert ours - plain > 0.1
    assert all(mine >= theirs - 0.02 for mine, theirs in scores.values())


def test_where_a_browser_saved_a_page_from_is_its_address(tmp_path):
    saved = "<!-- saved from url=(0031)https://www.a.example/b/c.html -->\n<html><head>"
    body = "<body><h1>Titre</h1><p>Une première phrase assez longue pour être un article de presse.</p></body>"
    assert made(tmp_path, saved + body).url == "https://www.a.example/b/c.html"
    assert made(tmp_path, f"{saved}<link rel=canonical href='/d'></head>{body}").url == "https://www.a.example/d"


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gb2312", "央行7日宣布下调存款准备金率，释放长期资金约五千亿元。"),
        ("windows-1258", "Giá vàng hôm nay lên cao nhất trong năm."),
    ],
)
def test_the_encoding_that_a_page_declares_counts(tmp_path, charset, text):
    text = text if charset == "gb2312" else text.encode("cp1258", "ignore").decode("cp1258")
    markup = f"<html><head><meta charset='{charset}'><title>T</title></head><body><p>{text}</p></body></html>"
    assert made(tmp_path, markup.encode(charset)).text == made(tmp_path, markup.replace(charset, "utf-8")).text


def test_a_declaration_that_is_not_true_does_not_count(tmp_path):
    text = "Le ministère a publié mardi les chiffres de l’année écoulée."
    for charset in ("ascii", "utf-16", "x-none", "rot13"):
        assert made(tmp_path, f"<meta charset={charset}><p>{text}").text == text


@pytest.mark.parametrize("markup", ["<html></html>", "<!-- -->", "<script>var a = 1</script>", "<nav>Menu</nav>"])
def test_a_page_without_text_is_an_error_that_names_it(tmp_path, markup):
    error = made(tmp_path, markup)
    assert isinstance(error, ArticleError)
    assert "a.html: " in str(error)


def test_metadata_that_is_broken_or_hostile_is_passed_over(tmp_path):
    body = "<body><p>Une première phrase assez longue pour être un article de presse.</p></body>"
    for told in (
        "{",
        "[" * 50_000,
        '{"@type": "Article", "headline": {"a": 1}, "publisher": 3, "url": ["x"]}',
        "null",
        '"x"',
    ):
        article = made(tmp_path, f'<head><script type="application/ld+json">{told}</script></head>{body}')
        assert (article.outlet, article.url) == (None, None)
    article = made(tmp_path, f"<head><link rel=canonical href='javascript:alert(1)'></head>{body}")
    assert article.url is None


def test_a_page_of_too_many_elements_is_refused(tmp_path):
    error = made(tmp_path, "<p>a" * 60_000)
    assert isinstance(error, ArticleError)
    assert error.key == "page_elements"


def test_deep_nesting_and_one_letter_are_read_or_refused(tmp_path):
    for markup in (
        "<div>" * 50_000 + "x",
        "<b>" * 40_000,
        "a" * 3_000_000,
        "<table><tr><td>" * 10_000 + "x",
        "<" * 1_000_000,
    ):
        found = made(tmp_path, markup)
        assert isinstance(found, ArticleError) or found.text


@pytest.mark.parametrize("piece", ["<p>une phrase. ", "<div><a href=x>un titre assez long</a></div>", "<li>a", "<td>a"])
def test_time_is_linear(tmp_path, piece):
    assert_linear(lambda size: made(tmp_path, piece * (size // len(piece))), 5_000)
