import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner

from rag import trials
from rag.answers import Answer
from rag.cli import rag_group
from rag.evaluation import Outcome, Query, measure
from rag.messages import LANGUAGES, catalogue
from rag.report import page
from rag.trials import Evaluation, Group

TIMINGS = {"encode": 2.0, "search": 1.0, "generate": 1.0, "total": 4.0}


def group(language, corpus, *, misses=("near", "far"), without=()):
    """Twelve questions; the later ones have no answer where they miss in some way."""
    outcomes = []
    for number in range(12):
        miss = misses[number % len(misses)] if misses and number >= 6 else None
        query = Query(f"{language}{number}", language, "?", ("x",), frozenset("a"), miss is None, miss)
        ranking = ("a", "b") if number % 3 else ("b", "a")
        rankings = dict.fromkeys(("askpress", "bm25", "dense", "rrf"), ranking)
        answer = Answer("?", language, "no_evidence", 1 - number / 12, "", timings=TIMINGS)
        outcomes.append(Outcome(query, rankings, answer, "extractive"))
    return Group(language, corpus, without, outcomes, measure(outcomes, frozenset("ab"), 0.5))


def evaluation(*groups):
    return Evaluation({"questions": "<set> & more", "encoder": "words"}, groups)


class Reader(HTMLParser):
    """Collects the tags that stand open, and what is told to those who do not see."""

    void = ("meta", "!doctype")

    def __init__(self, text):
        super().__init__()
        self.open, self.labels, self.ids, self.text = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "svg":
            assert found["role"] == "img"
            self.labels.append(found["aria-label"])
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):  # noqa: ARG002 - it opens nothing
        self.ids += [dict(attrs)["id"]] if "id" in dict(attrs) else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_and_told_in_a_language(language):
    groups = (group("fr", "fr"), group("fr", "vi"), group("vi", "fr"), group("vi", "vi"))
    text = page(evaluation(*groups), language)
    reader = Reader(text)
    assert reader.open == []
    assert len(reader.labels) == 4
    titles = ("report_ranking", "report_roc", "report_reliability", "report_latency")
    for label, title in zip(reader.labels, titles, strict=True):
        assert label.startswith(catalogue(language)[title])
    assert "<set> & more" in reader.text
    assert catalogue(language)["report_answerable_answered"] in reader.text  # as text, not as outlines
    assert len(reader.ids) == len(set(reader.ids))


def test_the_page_needs_nothing_beside_it_and_takes_the_readers_colours():
    text = page(evaluation(group("fr", "fr")), "en")
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', text) == []
    assert set(re.findall(r"https?://[\w.]+", text)) == {"http://www.w3.org"}  # names of name spaces
    assert "var(--ink)" in text
    assert "#010203" not in text


def test_what_was_not_asked_is_not_drawn():
    reader = Reader(page(evaluation(group("fr", "*", misses=())), "en"))
    assert [label.split(".")[0] for label in reader.labels] == ["Ranking", "Time"]


def test_languages_with_one_kind_of_question_each_are_drawn_together():
    groups = [group(language, "*", misses=()) for language in ("fr", "vi")]
    refused = [replace(o, query=replace(o.query, answerable=False)) for o in groups[1].outcomes]
    groups[1] = replace(groups[1], outcomes=refused, metrics=measure(refused, frozenset("ab"), 0.5))
    assert "pool 0.500" in Reader(page(evaluation(*groups), "en")).labels[1]


def test_the_numbers_are_told_beside_the_plots():
    groups = (group("fr", "fr"), group("fr", "fr", without=("lexical",)))
    labels = Reader(page(evaluation(*groups), "en")).labels
    assert "askpress 0.877, bm25 0.877" in labels[0]
    assert "same far 1.000, same near 1.000" in labels[1]
    assert "Time of 12 questions" in labels[3]
    assert "Median in all: 4.0 ms" in labels[3]


def test_the_command_writes_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "evaluate", lambda *_, **__: evaluation(group("fr", "fr")))
    target = tmp_path / "out.html"
    result = CliRunner().invoke(rag_group, ["eval", str(tmp_path), "--report", str(target)])
    assert result.exit_code == 0
    assert "fr->fr" in result.stdout
    assert "<svg" in target.read_text("utf-8")


def test_a_report_that_cannot_be_written_is_refused_before_an_hour_of_questions(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "evaluate", lambda *_, **__: pytest.fail("it was asked"))
    result = CliRunner().invoke(rag_group, ["eval", str(tmp_path), "--report", str(tmp_path / "none" / "out.html")])
    assert result.exit_code != 0
    assert "out.html" in result.output


def test_a_question_pays_for_no_plots():
    code = "import sys, rag.cli, rag.trials; sys.exit('matplotlib' in sys.modules or 'rag.report' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
