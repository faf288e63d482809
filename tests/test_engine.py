import pytest
from fakes import MemoryStore, WordEncoder

from rag.answers import AnswerReady, ClaimMade, SourcesFound, TokenWritten
from rag.encoders import load as load_encoder
from rag.engine import Engine
from rag.errors import QuestionError
from rag.settings import load
from rag.types import Filters, Turn


@pytest.fixture
def engine(tmp_path):
    (tmp_path / "one.txt").write_text(
        "Nanning\n\nNanning a réuni 300 délégués en 2025. La ville accueille la conférence.\n", encoding="utf-8"
    )
    (tmp_path / "two.txt").write_text("Valley\n\nLe consul parle à San Francisco du projet.\n", encoding="utf-8")
    with Engine(load(threshold=0.0), WordEncoder(), MemoryStore()) as engine:
        engine.sync(tmp_path)
        yield engine


def refusing(engine):
    return Engine(load(threshold=1.0), engine.encoder, engine.store)


def test_an_answer_quotes_and_locates(engine):
    answer = engine.ask("Combien de délégués à Nanning ?")
    assert (answer.status, answer.language, answer.generator) == ("answered", "fr", "extractive")
    assert "300 délégués" in answer.citations[0].quote
    for citation in answer.citations:
        assert citation.quote == engine.store.article(citation.article_id).text[citation.start : citation.stop]
    for claim in answer.claims:
        assert claim.text == answer.text[claim.start : claim.stop]
        assert set(claim.citations) <= {citation.number for citation in answer.citations}
    assert answer.notice is None
    assert {"encode", "search", "rank", "focus", "read", "generate", "total"} == answer.timings.keys()


def test_a_refusal_shows_the_closest_articles_in_the_language_of_the_question(engine):
    answer = refusing(engine).ask("Ai là tổng lãnh sự?")
    assert (answer.status, answer.language) == ("no_evidence", "vi")
    assert answer.claims == answer.citations == ()
    assert {source.article_id for source in answer.sources} == {"one", "two"}
    assert answer.text.startswith("Các bài báo")


@pytest.mark.parametrize("question", ["300 南宁?", "Nam Ninh có 300 đại biểu?"])
def test_a_name_is_looked_for_as_the_articles_spell_it(engine, question):
    found = engine.retrieve(question)
    assert "Nanning" in found.in_full
    assert found.alone.question == found.question == question
    assert engine.ask(question).read_as == found.in_full
    without = Engine(load(threshold=0.0, without=("spelling",)), engine.encoder, engine.store)
    assert without.ask(question).read_as is None
    assert engine.ask("Qui parle à San Francisco ?").read_as is None


def test_a_known_name_in_small_letters_is_a_name(engine):
    assert engine.retrieve("300 delegues a nanning").question == "300 delegues a Nanning"
    answer = engine.ask("300 delegues a nanning")
    assert (answer.question, answer.read_as) == ("300 delegues a nanning", None)  # no more is read than was asked


def test_a_question_without_accents_has_them_again(engine):
    asked, meant = "ai la tong lanh su", "ai là tổng lãnh sự"
    assert engine.retrieve(asked).question == meant
    answer = engine.ask(asked)
    assert (answer.question, answer.read_as) == (asked, meant)
    assert engine.retrieve("va o dau?", history=(Turn(asked, "…"),)).history[0].question == meant
    without = Engine(load(threshold=0.0, without=("accents",)), engine.encoder, engine.store)
    assert without.retrieve(asked).question == asked
    assert without.ask(asked).read_as is None


def test_a_name_is_looked_for_with_the_accents_of_the_articles(tmp_path):
    encoder = load_encoder("bundled", cache_dir=load().cache_dir)
    (tmp_path / "one.txt").write_text("Talents\n\nLe Dr Le Ba Tiep, d'Oracle, parle de sites web.\n", encoding="utf-8")
    with Engine(load(), encoder, MemoryStore()) as engine:
        engine.sync(tmp_path)
        found = engine.retrieve("Ông Lê Bá Tiệp làm việc ở đâu?")
    assert found.in_full == "Ông Le Ba Tiep làm việc ở đâu?"
    assert found.alone.hits[0].dense < found.hits[0].dense


def test_another_language_than_the_articles_is_pointed_out(engine):
    assert "tiếng Pháp" in engine.ask("Nanning có bao nhiêu đại biểu?").notice


def test_the_stream_ends_in_the_answer_of_ask(engine):
    *events, last = engine.stream("Combien de délégués à Nanning ?")
    assert isinstance(events[0], SourcesFound)
    assert isinstance(last, AnswerReady)
    made = [event for event in events if isinstance(event, ClaimMade)]
    assert [event.claim for event in made] == list(last.answer.claims)
    assert tuple(made[0].citations) == last.answer.citations[: len(made[0].citations)]
    assert isinstance(events[1], TokenWritten)
    assert last.answer.text == engine.ask("Combien de délégués à Nanning ?").text


@pytest.mark.parametrize("question", ["", "   ", "\n\t", "?!", "…"])
def test_a_question_without_a_word_is_refused(engine, question):
    with pytest.raises(QuestionError, match="empty"):
        engine.ask(question)


def test_an_endless_question_is_refused_with_the_limit(engine):
    with pytest.raises(QuestionError, match=r"100000.*2000"):
        engine.ask("a" * 100_000)


def test_a_bare_name_is_answered_in_the_language_of_the_interface(engine):
    asking = Engine(load(threshold=0.0, interface="fr"), engine.encoder, engine.store)
    assert asking.ask("Nanning").language == "fr"


def test_filters_that_leave_nothing_leave_no_evidence(engine):
    answer = engine.ask("Combien de délégués ?", filters=Filters(since="2030"))
    assert (answer.status, answer.sources, answer.answerability) == ("no_evidence", (), 0.0)


def test_search_gives_passages_as_they_stand(engine):
    found = engine.search("délégués à Nanning")
    assert found[0].article_id == "one"
    assert found[0].text == engine.store.article("one").text[found[0].start : found[0].stop]
