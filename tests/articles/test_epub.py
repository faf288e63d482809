"""A book's documents are articles of their own."""

from documents import epub

from rag.articles import read
from rag.errors import ArticleError

TEXT = "Une phrase de cet article, qui en a plusieurs de cette longueur, finit ici. " * 4


def test_each_document_with_text_is_an_article(tmp_path):
    path = tmp_path / "a.epub"
    metadata = "<dc:title>Revue n° 12</dc:title><dc:language>fr</dc:language><dc:date>2025-03-01</dc:date>"
    documents = (
        "<h1>Revue n° 12</h1>",
        f"<h1>Premier</h1><p>{TEXT}</p>",
        f"<h1>Second</h1><h2>Partie</h2><p>{TEXT}</p>",
    )
    path.write_bytes(epub(*documents, metadata=metadata))
    first, second = read(path, detect=lambda _: "und")
    assert (first.title, first.outlet, first.published, first.language) == (
        "Premier",
        "Revue n° 12",
        "2025-03-01",
        "fr",
    )
    assert (first.origin, second.origin) == ("a.epub:2", "a.epub:3")
    assert first.id != second.id
    assert [h.of(second.text) for h in second.headings] == ["Partie"]


def test_a_document_that_cannot_be_read_does_not_stop_the_rest(tmp_path):
    path = tmp_path / "a.epub"
    path.write_bytes(epub("", f"<p>{'a' * 5_000_000}<p>", f"<p>{TEXT}</p>"))
    found = list(read(path, detect=lambda _: "fr"))
    assert [found[-1].text.startswith("Une phrase"), isinstance(found[-1], ArticleError)] == [True, False]


def test_a_book_of_pictures_is_an_error(tmp_path):
    path = tmp_path / "a.epub"
    path.write_bytes(epub('<img src="a.png"/>'))
    (error,) = read(path, detect=lambda _: "fr")
    assert "a.epub" in str(error)
