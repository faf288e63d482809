"""What becomes of a draft: judged, fallen back from, cancelled; with generators that do what they are told."""

import json

import pytest
from fakes import MemoryStore, ScriptedGenerator, WordEncoder

from rag.answers import AnswerReady, ClaimMade, TokenWritten, Waiting
from rag.engine import Engine
from rag.errors import GeneratorError
from rag.settings import load
from rag.types import Turn

TEXT = "Meta soutient ViGen. Le projet réunit à Nanning, en Chine, plus de 300 délégués qui sont venus de la région."
QUESTION = "Qui soutient ViGen ?"


@pytest.fixture
def engine_with(tmp_path):
    def make(*pieces, rewriting="", **settings):
        folder = tmp_path / "press"
        folder.mkdir(exist_ok=True)
        (folder / "one.txt").write_text(f"ViGen\n\n{TEXT}\n", encoding="utf-8")
        generator = ScriptedGenerator(*pieces, rewriting=rewriting)
        engine = Engine(load(threshold=0.0, **settings), WordEncoder(), MemoryStore(), generator)
        engine.sync(folder)
        return engine

    return make


def test_a_supported_draft_is_the_answer(engine_with):
    answer = engine_with("Meta soutient ", "ViGen [1].").ask(QUESTION)
    assert (answer.status, answer.generator, answer.notice) == ("answered", "scripted", None)
    assert answer.citations[0].quote.startswith("Meta soutient ViGen")


def test_the_draft_and_its_silences_are_seen_as_they_come(engine_with):
    events = list(engine_with("Meta ", "", "soutient ViGen [1].").stream(QUESTION))
    kinds = [type(event) for event in events[1:]]
    assert kinds == [TokenWritten, Waiting, TokenWritten, ClaimMade, AnswerReady]


@pytest.mark.parametrize("pieces", [(), ("Meta soutient ViGen [1].\n",)])
def test_where_the_generator_fails_the_articles_are_quoted_and_it_is_said(engine_with, pieces):
    failure = GeneratorError("generator_circuit_open", host="127.0.0.1", model="m", failures=3, seconds=30)
    *events, last = engine_with(*pieces, failure).stream(QUESTION)
    assert not any(isinstance(event, AnswerReady) for event in events)
    assert (last.answer.status, last.answer.generator, last.answer.dropped) == ("answered", "extractive", 0)
    assert failure.said("fr") in last.answer.notice
    assert "Meta soutient ViGen" in last.answer.citations[0].quote


def test_where_nothing_is_supported_the_articles_are_quoted_and_it_is_said(engine_with):
    answer = engine_with("Google a vendu Paris pour 900 milliards [1].").ask(QUESTION)
    assert answer.generator == "extractive"
    assert "scripted" in answer.notice
    assert "Google" not in answer.text
    assert answer.dropped == 1


def test_what_is_left_out_is_counted(engine_with):
    draft = "Meta soutient ViGen [1].\nGoogle a vendu Paris pour 900 milliards [1].\n"
    answer = engine_with(draft).ask(QUESTION)
    assert (answer.generator, answer.dropped) == ("scripted", 1)
    assert "Google" not in answer.text
    assert "1" in answer.notice


def test_or_marked_where_the_settings_say_so(engine_with):
    draft = "Meta soutient ViGen [1].\nGoogle a vendu Paris pour 900 milliards [1].\n"
    answer = engine_with(draft, unsupported="mark").ask(QUESTION)
    assert [claim.support for claim in answer.claims] == ["verbatim", "unsupported"]
    assert answer.dropped == 0
    assert answer.claims[1].citations == ()
    assert all(answer.text[claim.start : claim.stop] == claim.text for claim in answer.claims)


def test_a_draft_marked_all_through_is_replaced_and_counted(engine_with):
    answer = engine_with("Google a vendu Paris pour 900 milliards [1].", unsupported="mark").ask(QUESTION)
    assert (answer.generator, answer.dropped) == ("extractive", 1)


def test_a_generator_that_finds_no_answer_is_believed(engine_with):
    answer = engine_with().ask(QUESTION)
    assert (answer.status, answer.notice) == ("no_evidence", None)


def test_leaving_stops_the_generator(engine_with):
    engine = engine_with("Meta ", "soutient ")
    events = engine.stream(QUESTION)
    while not isinstance(next(events), TokenWritten):
        pass
    events.close()
    assert engine.generator.closed


def test_a_rewritten_follow_up_is_taken_where_it_finds_more(engine_with):
    engine = engine_with("Meta soutient ViGen [1].", rewriting="Qui soutient ViGen ?")
    answer = engine.ask("Et qui le soutient ?", history=[Turn("Où est Nanning ?")])
    assert answer.read_as == "Qui soutient ViGen ?"
    assert engine.generator.asked[0].task == "rewrite"
    assert engine.generator.asked[0].history == (Turn("Où est Nanning ?"),)


def test_an_answer_is_as_new_as_its_newest_citation(engine_with, tmp_path):
    engine = engine_with()
    assert engine.ask(QUESTION).as_of is None  # the article has no date
    lines = [
        {"id": str(year), "text": f"Meta soutient ViGen, dit {name}.", "published": str(year), "outlet": name}
        for year, name in ((2023, "Le Monde"), (2025, "Libération"))
    ]
    (tmp_path / "press" / "more.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    engine.sync(tmp_path / "press")
    draft = "Meta soutient ViGen, dit Le Monde. [1][2][3]\nMeta soutient ViGen, dit Libération. [1][2][3]\n"
    engine.generator = ScriptedGenerator(draft)
    answer = engine.ask(QUESTION)
    assert {citation.published for citation in answer.citations} == {"2023", "2025"}
    assert answer.as_of == "2025"


@pytest.mark.parametrize("latest", [True, False])
def test_newer_articles_are_preferred_where_that_is_asked_for(engine_with, tmp_path, latest):
    engine = engine_with(latest=latest)
    lines = [
        {"id": f"of {year}", "text": f"Alstom fabrique des trains, dit {name}.", "published": str(year)}
        for year, name in ((2021, "Durand"), (2025, "Dupont"))
    ]
    (tmp_path / "press" / "more.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    engine.sync(tmp_path / "press")
    question = "Alstom fabrique des trains ?"
    expected = "of 2025" if latest else "of 2021"
    assert engine.ask(question).sources[0].article_id == expected
    assert engine.search(question)[0].article_id == expected
    assert engine.ask(question, latest=not latest).sources[0].article_id != expected
    assert engine.generator.asked[0].latest is latest
