import sys
from collections import Counter

import pytest

from bench import invented
from bench.held_out import a_quarter, rows_of
from rag.calibration import LOOKS_ANSWERED
from rag.languages import detect

ARTICLE = """=== zh
T 桥
P
大桥于1850年通车。
当天下了雨。
A 1 | Quand ? | When? | Khi nào? | 何时？
N | Qui ? | Who? | Ai? | 谁？
"""


@pytest.fixture
def articles(tmp_path, monkeypatch):
    monkeypatch.setattr(invented, "FOLDER", tmp_path)
    return tmp_path / "one.txt"


def test_an_article_is_read(articles):
    articles.write_text(ARTICLE, encoding="utf-8")
    corpus, queries = invented.rows()
    assert [(row["lang"], row["title"], row["text"]) for row in corpus] == [
        ("zh", "桥", "大桥于1850年通车。当天下了雨。")
    ]
    assert [(row["lang"], row["text"]) for row in queries[:4]] == [
        ("fr", "Quand ?"),
        ("en", "When?"),
        ("vi", "Khi nào?"),
        ("zh", "何时？"),
    ]
    told = [(row["answerable"], row["answers"], row["relevant"], row.get("miss")) for row in queries]
    name = corpus[0]["id"]
    assert told == [(True, ["大桥于1850年通车。"], [name], None)] * 4 + [(False, [], [], LOOKS_ANSWERED)] * 4
    assert {row["source_paragraph"] for row in queries} == {name}


@pytest.mark.parametrize(
    "line", ["A 3 | Quand ? | When? | Khi nào? | 何时？", "N | Qui ? | Who? | Ai?", "N | Qui ? | Who? | Ai? | 谁？ | ?"]
)
def test_a_line_that_is_out_of_place_is_told(articles, line):
    articles.write_text(f"{ARTICLE}{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=f"{articles}:8: "):
        invented.rows()


def test_sets_of_what_is_not_fitted_to_share_no_article(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["invented", str(tmp_path)])
    invented.main()
    told = capsys.readouterr().out.splitlines()
    asked_about = []
    for name, line in zip(("invented-calibration", "invented"), told, strict=True):
        corpus, queries = (rows_of(tmp_path / name / f"{part}.jsonl") for part in ("corpus", "queries"))
        titles = {row["id"]: row["title"] for row in corpus}
        asked_about.append({titles[row["source_paragraph"]] for row in queries})
        assert line.startswith(f"{name}: {len(queries)} questions, ")
        assert Counter(row["lang"] for row in queries).keys() == set(invented.LANGUAGES)
    assert all(a_quarter(title) for title in asked_about[0] | asked_about[1])
    assert not asked_about[0] & asked_about[1]


def test_a_set_can_be_of_some_files_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["invented", str(tmp_path / "all")])
    invented.main()
    monkeypatch.setattr(sys, "argv", ["invented", str(tmp_path / "some"), "dispatches", "culture"])
    invented.main()
    kept = {}
    for name in ("all", "some"):
        corpus, queries = (rows_of(tmp_path / name / "invented" / f"{part}.jsonl") for part in ("corpus", "queries"))
        files = {row["id"]: row["file"] for row in corpus}
        kept[name] = {row["id"] for row in queries if files[row["source_paragraph"]] in {"dispatches", "culture"}}
        if name == "some":
            assert {*files.values()} == {"dispatches", "culture"}
            assert len(kept[name]) == len(queries)
    assert kept["some"] == kept["all"]
    monkeypatch.setattr(sys, "argv", ["invented", str(tmp_path), "nowhere"])
    with pytest.raises(SystemExit, match="no nowhere"):
        invented.main()


def test_questions_are_in_the_language_of_their_place():
    _, queries = invented.rows()
    long = [row for row in queries if len(row["text"]) > (12 if row["lang"] == "zh" else 50)]
    wrong = [row["text"] for row in long if detect(row["text"]) != row["lang"]]
    assert len(wrong) < len(long) / 2000, wrong
