"""What is printed speaks the user's language and cannot rewrite the terminal."""

import io
from dataclasses import replace

import pytest

from rag.answers import Answer, Citation, Claim, Copy, Source
from rag.changes import Change, Plan
from rag.errors import ArticleError
from rag.indexing import SyncReport
from rag.terminal import ProgressLine, answer_text, plan_text, removed_text, sync_text, table_text
from rag.types import Article, Removed


def test_what_was_removed_is_listed_with_the_reason_in_words():
    removed = (Removed("Photo :\n AFP\x1b[2J", "caption"), Removed("Comment (0)", "comment_counter"))
    article = Article("a", "Titre", "Texte.", "fr", removed=removed)
    assert removed_text(article, "fr") == "légende de photo\tPhoto : AFP[2J\ncompteur de commentaires\tComment (0)\n"
    assert removed_text(article, "en").startswith("photo caption\t")


def test_each_stage_is_announced_once_where_there_is_no_terminal(capsys):
    progress = ProgressLine("fr")
    for stage, fraction in (("read", 0.0), ("read", 0.5), ("embed", 0.0)):
        progress(stage, fraction)
    progress.stop()
    assert capsys.readouterr() == ("", "Lecture des articles …\nEncodage des passages …\n")


def test_a_table_stays_in_line_whatever_its_rows_are_called():
    table = {"fr->fr": {"hit@1": 0.75, "auroc": 1.0}, "fr->fr without sentences": {"hit@1": 0.5}}
    assert table_text(table).splitlines() == [
        "          fr->fr fr->fr without sentences",
        "hit@1       0.75                      0.5",
        "auroc          1                        -",
    ]


def test_an_answer_tells_how_new_it_is_where_else_it_stands_and_what_it_corrects():
    def named(name, published="2025-11-12"):
        return (name, "Titre", None, f"Outlet {name}", published, False, "fr")

    source = Source(
        *named("a"),
        score=1.0,
        excerpt="x",
        also=(Copy(*named("b")), Copy(*named("c\x1b"))),
        replaces=(Copy(*named("d")),),
    )
    citations = [Citation(*named("a"), number=number, quote="Un.", start=0, stop=3) for number in (1, 2)]
    answer = Answer("Q ?", "fr", "answered", 0.9, "Un.", (Claim("Un.", 0, 3, "verbatim", (1, 2)),), tuple(citations))
    text = answer_text(replace(answer, sources=(source,), as_of="2025-11-12"))
    assert "2025-11-12, celle de l’article cité" in text
    assert text.count("Outlet b, Outlet c.") == 1
    assert text.count("Outlet d · 2025-11-12 · d") == 1
    assert "Outlet b" in answer_text(Answer("Q ?", "fr", "no_evidence", 0.1, "Non.", sources=(source,)))


@pytest.mark.parametrize("status", ["no_evidence", "answered"])
def test_how_a_question_was_read_comes_first(status):
    said = answer_text(Answer("Lê Bá Tiệp?", "en", status, 0.1, "No.", read_as="Le Ba Tiep?"))
    assert "Le Ba Tiep?" in said.splitlines()[0]


def test_a_sync_with_nothing_to_do_says_so():
    report = SyncReport((), (), (), ("a", "b"), (), ())
    assert sync_text(report, "press", "en") == "press: nothing to do, 2 articles are unchanged.\n"


def test_a_sync_ends_in_a_table_of_what_was_not_taken():
    failures = (ArticleError("article_empty", origin="a.txt"), ArticleError("article_empty", origin="longer/b.txt\x1b"))
    lines = sync_text(SyncReport(("c",), (), (), (), (), failures), "press", "en").splitlines()
    assert lines[:2] == ["press: 1 added, 0 updated, 0 removed, 0 unchanged.", "Not taken: 2"]
    assert lines[2].startswith("  a.txt          the file is empty")
    assert lines[3].startswith("  longer/b.txt  the file is empty")


def test_a_plan_gives_the_reason_of_each_change():
    changes = (
        Change("added", "new", "a", "/press/a.txt"),
        Change("updated", "changed", "bb", "/press/bb.txt", fields=("text", "published")),
        Change("removed", "gone", "c", "/press/c.txt"),
        Change("duplicate", "copy", "d", "/press/d.txt", original="/press/a.txt"),
    )
    assert plan_text(Plan(changes, 7, ()), "press", "en").splitlines() == [
        "+ a   new  /press/a.txt",
        "~ bb  changed: text, date  /press/bb.txt",
        "- c   no longer there  /press/c.txt",
        "= d   says the same as /press/a.txt  /press/d.txt",
        "press: 1 to add, 1 to update, 1 to remove, 7 unchanged. Nothing was done.",
    ]


def test_articles_a_second_are_shown_in_a_terminal(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    progress = ProgressLine("en")
    progress("embed", 0.0)
    progress.count(30)
    progress.count(12)
    progress("embed", 0.5)
    progress.stop()
    assert progress.counted == 42
    assert "42 articles, " in screen.getvalue()
