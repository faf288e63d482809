"""A page that a browser saved as one file."""

from bench.boilerplate import PAGES
from rag.articles import read


def test_the_page_is_found_among_its_parts_with_the_address_it_was_saved_from(tmp_path):
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
