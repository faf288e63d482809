"""Messages and newsletters, and pages that a browser saved as one file."""

import pytest
from linearity import assert_linear

from bench.boilerplate import PAGES
from rag.articles import read
from rag.errors import ArticleError

HEAD = (
    "From: =?utf-8?q?La_Lettre_de_l=27=C3=A9co?= <lettre@a.example>\nTo: b@c.example\n"
    "Subject: =?utf-8?b?TGUgcG9ydCByb3V2cmU=?=\nDate: Tue, 11 Mar 2025 08:00:00 +0100\nMIME-Version: 1.0\n"
)
PAGE = (
    "<html><head><style>p{}</style></head><body><div style='display:none'>Aperçu caché</div><table><tr><td>"
    "<p>Voir dans le navigateur</p><h2>Le port</h2><p>Le port rouvre lundi, dit la mairie de la ville.</p></td></tr>"
    "<tr><td><p>Se désinscrire</p></td></tr></table></body></html>"
)


def read_one(tmp_path, text, name="a.eml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (found,) = read(path, detect=lambda _: "fr")
    return found


def alternative(plain, page=PAGE):
    parts = "".join(
        f"--b\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}\n"
        for kind, body in (("plain", plain), ("html", page))
    )
    return f"{HEAD}Content-Type: multipart/alternative; boundary=b\n\n{parts}--b--\n"


def test_a_newsletter_is_read_without_its_furniture(tmp_path):
    article = read_one(tmp_path, alternative("Ouvrez la page."))
    assert (article.title, article.outlet, article.published) == ("Le port rouvre", "La Lettre de l'éco", "2025-03-11")
    assert article.text == "Le port\n\nLe port rouvre lundi, dit la mairie de la ville."
    assert [h.of(article.text) for h in article.headings] == ["Le port"]
    assert [(r.text, r.reason) for r in article.removed] == [
        ("Voir dans le navigateur", "boilerplate"),
        ("Se désinscrire", "boilerplate"),
    ]


def test_the_plain_text_is_taken_where_it_says_as_much(tmp_path):
    text = "Le port rouvre lundi, dit la mairie, et la halle suivra dans un mois."
    assert read_one(tmp_path, alternative(text)).text == text


def test_a_plain_message_in_another_encoding_with_an_attachment(tmp_path):
    body = (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\n"
        "Content-Transfer-Encoding: quoted-printable\n\nL'=E9t=E9 est l=E0.\n"
        "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=x.txt\n\nsecret\n--b--\n"
    )
    assert read_one(tmp_path, HEAD + body).text == "L'été est là."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no header at all",
        HEAD,
        HEAD + "Content-Type: image/png\n\nx",
        "".join(f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(2000)),
        "Subject: a\nContent-Type: " + "a;" * 100_000 + "\n\nx",
        HEAD + "Content-Type: text/plain\n\n" + "a" * (10 << 20),
        HEAD + "Content-Type: text/html\n\n" + "a" * (10 << 20),
        HEAD + "Content-Type: text/html\n\n" + "<p>" * 1_000_000,
    ],
)
def test_what_holds_no_article_is_an_error_that_names_it(tmp_path, text):
    error = read_one(tmp_path, text)
    assert isinstance(error, ArticleError)
    assert "a.eml" in str(error)


def test_time_is_linear(tmp_path):
    assert_linear(
        lambda size: read_one(tmp_path, HEAD + "Content-Type: text/plain\n\n" + "Une phrase.\n\n" * size), 500
    )


def test_a_saved_page_is_found_among_its_parts_with_the_address_it_was_saved_from(tmp_path):
    page = (PAGES / "en-brief.html").read_text(encoding="utf-8")
    (tmp_path / "a.mhtml").write_text(
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://tamba.example/lake\nSubject: x\n"
        "Date: Tue, 11 Mar 2025 08:00:00 -0000\nMIME-Version: 1.0\n"
        'Content-Type: multipart/related; type="text/html"; boundary="b"\n\n'
        f"--b\nContent-Type: text/html\nContent-Transfer-Encoding: 8bit\n\n{page}\n"
        "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n",
        encoding="utf-8",
    )
    (article,) = read(tmp_path / "a.mhtml", detect=lambda _: "und")
    assert article.text == (PAGES / "en-brief.txt").read_text(encoding="utf-8").strip()
    assert (article.url, article.published, article.language) == ("https://tamba.example/lake", "2024-06-03", "en")


def test_a_file_without_a_page_is_an_error(tmp_path):
    (tmp_path / "a.mht").write_text("Subject: x\nContent-Type: text/plain\n\nRien.\n")
    (error,) = read(tmp_path / "a.mht", detect=lambda _: "fr")
    assert "a.mht" in str(error)
