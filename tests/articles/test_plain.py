"""A text file is one article."""

from pathlib import Path

import pytest

from rag.articles import plain
from rag.errors import ArticleError


def test_a_text_file_is_one_draft(tmp_path: Path):
    (tmp_path / "a.txt").write_text("Titre\r\n\r\nTexte\u200b.")
    (draft,) = plain.read_plain(tmp_path / "a.txt", "a.txt")
    assert [line.text for line in draft.lines] == ["Titre", "", "Texte."]
    assert (draft.origin, draft.fallback_id) == ("a.txt", "a")


def test_a_file_of_the_largest_size_is_read_and_a_larger_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(plain, "LARGEST", 4)
    (tmp_path / "a.txt").write_text("abcd")
    assert plain.load(tmp_path / "a.txt", "a.txt") == "abcd"
    (tmp_path / "a.txt").write_text("abcde")
    with pytest.raises(ArticleError, match=r"a\.txt: the article is larger"):
        plain.load(tmp_path / "a.txt", "a.txt")
