"""OpenDocument texts: paragraphs, headings, rows, and nothing that a reader does not see."""

from documents import odt

from rag.articles import read


def test_an_article_with_all_that_a_program_puts_in_it(tmp_path):
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
