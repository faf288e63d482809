import pytest
from fakes import MemoryStore, WordEncoder

import rag.engine
from rag.answers import AnswerReady, ClaimMade, SourcesFound, TokenWritten
from rag.engine import (
    Engine,
    collections,
    open_collection,
    open_engine,
    seeds_folder,
)
from rag.errors import CollectionNotFound, EncoderError, QuestionError
from rag.settings import load
from rag.types import Filters


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


@pytest.fixture
def _words(monkeypatch):
    monkeypatch.setattr(rag.engine, "load_encoder", lambda *_, **__: WordEncoder())


@pytest.mark.usefixtures("_words")
def test_the_seed_collection_fills_itself_once():
    with open_engine(load()) as engine:
        assert engine.store.state().articles == 2
        engine.store.remove([next(engine.store.articles()).id])
    with open_engine(load()) as engine:
        assert engine.store.state().articles == 1, "what a user removed does not come back"
    assert collections(load()) == ["seeds"]


@pytest.mark.usefixtures("_words")
def test_an_unknown_collection_is_named_with_those_there_are():
    open_engine(load()).close()
    with pytest.raises(CollectionNotFound, match=r"press.*seeds"):
        open_engine(load(collection="press"))
    with pytest.raises(CollectionNotFound, match="press"):
        open_collection(load(collection="press"))
    assert collections(load()) == ["seeds"]


def test_the_seed_articles_ship_unchanged():
    names = sorted(path.name for path in seeds_folder().glob("*.txt"))
    assert names == ["000_5aadc083f23c07fc.txt", "004_a6f17d8585a5a710.txt"]


def test_a_collection_answers_with_the_encoder_before_until_it_is_synced_and_the_seeds_follow_at_once(
    monkeypatch, tmp_path
):
    first, second = WordEncoder(), WordEncoder()
    second.fingerprint = "words-2"
    (tmp_path / "one.txt").write_text("Un\n\nNanning a réuni 300 délégués cette année.\n", encoding="utf-8")
    monkeypatch.setattr(rag.engine, "load_encoder", lambda *_, **__: first)
    open_engine(load()).close()
    with open_engine(load(collection="press"), create=True) as engine:
        engine.sync(tmp_path / "one.txt")
    monkeypatch.setattr(rag.engine, "load_encoder", lambda *_, **__: second)
    with open_engine(load()) as engine:
        assert engine.store.state().encoder == "words-2"
    with pytest.raises(EncoderError, match="rag sync"):
        open_engine(load(collection="press"))
    monkeypatch.setattr(rag.engine, "prepared", lambda found, **_: first if found == first.fingerprint else None)
    with open_engine(load(collection="press", threshold=0.0)) as engine:
        assert engine.ask("Combien de délégués à Nanning ?").citations
        assert [problem.key for problem in engine.store.notices] == ["encoder_before_answers"]
    with open_engine(load(collection="press"), create=True) as engine:
        engine.sync(tmp_path / "one.txt")
    with open_engine(load(collection="press")) as engine:
        assert engine.encoder is second
        assert engine.store.notices == []
