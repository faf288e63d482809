"""One bad line costs one article."""

import json
from datetime import date

from rag.articles import read
from rag.errors import ArticleError
from rag.types import Article


def read_lines(tmp_path, *lines):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    return list(read(path, detect=lambda _: "fr", today=date(2026, 6, 1)))


def test_an_article_a_line(tmp_path):
    (article,) = read_lines(
        tmp_path,
        {"id": "a 1", "title": "T", "text": "Un.\nDeux.", "url": "https://www.a.vn/1", "published": "2025-12-07",
         "lang": "vi", "unknown": [1]},
    )  # fmt: skip
    assert (article.id, article.title, article.text, article.origin) == ("a 1", "T", "Un.\n\nDeux.", "a.jsonl:1")
    assert (article.url, article.outlet, article.published) == ("https://www.a.vn/1", "a.vn", "2025-12-07")


def test_bad_lines_are_errors_with_their_numbers_and_the_others_are_read(tmp_path):
    found = read_lines(
        tmp_path, b"\xef\xbb\xbf" + b'{"text": "Un."}', b"{", b"", {"text": "Deux."}, [1], {"text": 3}, {"title": "T"},
        {"text": "Trois.", "title": {}}, b'{"text": "\xff"}', b"[" * 100_000, {"text": "\ud800Quatre."},
        {"text": "\u200b"},
    )  # fmt: skip
    assert [a.text for a in found if isinstance(a, Article)] == ["Un.", "Deux.", "Quatre."]
    errors = [str(e) for e in found if isinstance(e, ArticleError)]
    assert [e.split(":")[1] for e in errors] == ["2", "5", "6", "7", "8", "9", "10", "12"]
    assert found[0].title == "Un."
    assert found[-2].digest


def test_a_line_that_is_too_long_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.articles.jsonlines.LARGEST_LINE", 100)
    found = read_lines(tmp_path, {"text": "Un."}, {"text": "x" * 350}, {"text": "Trois."})
    assert [a.text for a in found if isinstance(a, Article)] == ["Un.", "Trois."]
    assert str(found[1]).startswith("a.jsonl:2: the article is larger")


def test_ids_come_from_the_address_or_the_content(tmp_path):
    same, other, again = read_lines(
        tmp_path, {"text": "Un.", "url": "https://a.vn/1"}, {"text": "Un."}, {"text": "Deux.", "url": "https://a.vn/1"}
    )
    assert same.id == again.id != other.id
