"""Documents of word processors are read as they look when all changes are accepted."""

import pytest
from documents import docx, odt, paragraph, zipped

from rag.articles import read
from rag.errors import ArticleError


def read_one(tmp_path, data, name="a.docx"):
    path = tmp_path / name
    path.write_bytes(data)
    (found,) = read(path, detect=lambda _: "fr")
    return found


def test_headings_by_their_styles_whatever_the_program_calls_them(tmp_path):
    body = (
        paragraph("Un titre", "Titre")
        + paragraph("Une phrase.")
        + paragraph("Une partie", "Titre1")
        + paragraph("Une autre.")
    )
    article = read_one(tmp_path, docx(body, styles=[("Titre", "Title"), ("Titre1", "heading 2")]))
    assert (article.title, article.text) == ("Un titre", "Une phrase.\n\nUne partie\n\nUne autre.")
    assert [h.of(article.text) for h in article.headings] == ["Une partie"]


def test_changes_breaks_tables_and_text_boxes(tmp_path):
    body = (
        "<w:p><w:r><w:t>Il a dit </w:t></w:r><w:del><w:r><w:delText>non</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>oui</w:t></w:r></w:ins><w:r><w:t>.</w:t><w:br/><w:t>Puis rien.</w:t></w:r></w:p>"
        f"<w:tbl><w:tr><w:tc>{paragraph('Ville')}</w:tc><w:tc>{paragraph('Loyer')}</w:tc></w:tr></w:tbl>"
        "<w:p><w:r><w:t>Fin</w:t></w:r><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>encadré</w:t></w:r></w:p></w:txbxContent>"
        "</w:pict></w:r><w:r><w:t>.</w:t></w:r></w:p>"
    )
    assert read_one(tmp_path, docx(body)).text == "Il a dit oui.\n\nPuis rien.\n\nVille | Loyer\n\nFin."


def test_a_title_in_the_properties_counts_where_the_document_shows_it(tmp_path):
    body = paragraph("Budget 2025") + paragraph(
        "Une phrase assez longue pour n’être pas un titre, et qui finit par un point."
    )
    core = "<dc:title>{}</dc:title><dc:language>fr-FR</dc:language>"
    assert read_one(tmp_path, docx(body, core=core.format("Budget 2025"))).title == "Budget 2025"
    old = read_one(tmp_path, docx(paragraph("Une phrase."), core=core.format("Modèle de lettre")))
    assert old.title == "Une phrase."


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "document_damaged"),
        (b"PK\x03\x04", "document_damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "document_damaged"),
        (docx(paragraph("Une phrase."))[:-40], "document_damaged"),
        (zipped({"a": "b"}), "document_damaged"),
        (docx("<w:p>"), "xml_invalid"),
        (docx(""), "article_without_text"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_it(tmp_path, data, key):
    error = read_one(tmp_path, data)
    assert isinstance(error, ArticleError)
    assert (error.key, error.values["origin"]) == (key, "a.docx")


def test_an_open_document_with_all_that_a_program_puts_in_it(tmp_path):
    path = tmp_path / "a.odt"
    path.write_bytes(
        odt(
            '<text:h text:outline-level="1">Un titre</text:h>'
            "<text:p>Il a dit<text:s/><text:span>oui</text:span>.<text:note>1<text:p>une note</text:p></text:note> Puis"
            "<text:line-break/>rien.</text:p>"
            "<text:tracked-changes><text:p>effacé</text:p></text:tracked-changes>"
            '<text:h text:outline-level="2">Une partie</text:h>'
            "<table:table><table:table-row><table:table-cell><text:p>Ville</text:p></table:table-cell>"
            "<table:table-cell><text:p>Loyer</text:p></table:table-cell></table:table-row></table:table>"
            "<text:list><text:list-item><text:p>Un point</text:p></text:list-item></text:list>",
            "<dc:title>Un titre</dc:title><dc:language>fr</dc:language>",
        )
    )
    (article,) = read(path, detect=lambda _: "und")
    assert (article.title, article.language) == ("Un titre", "fr")
    assert article.text == "Il a dit oui. Puis\n\nrien.\n\nUne partie\n\nVille | Loyer\n\nUn point"
    assert [h.of(article.text) for h in article.headings] == ["Une partie"]
