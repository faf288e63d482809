"""What is printed speaks the user's language and cannot rewrite the terminal."""

from dataclasses import replace

from rag.terminal import ProgressLine, answer_text, removed_text, table_text
from rag.types import Answer, Article, Citation, Claim, Copy, Removed, Source


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
    citations = [Citation(number, *named("a"), quote="Un.", start=0, stop=3) for number in (1, 2)]
    answer = Answer("Q ?", "fr", "answered", 0.9, "Un.", (Claim("Un.", 0, 3, "verbatim", (1, 2)),), tuple(citations))
    text = answer_text(replace(answer, sources=(source,), as_of="2025-11-12"))
    assert "2025-11-12, celle de l’article cité" in text
    assert text.count("Outlet b, Outlet c.") == 1
    assert text.count("Outlet d · 2025-11-12 · d") == 1
    assert "Outlet b" in answer_text(Answer("Q ?", "fr", "no_evidence", 0.1, "Non.", sources=(source,)))
