"""What is printed speaks the user's language and cannot rewrite the terminal."""

from rag.terminal import ProgressLine, removed_text, table_text
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
