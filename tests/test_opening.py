import pytest
from fakes import WordEncoder

import rag.opening
from rag.errors import CollectionNotFound, EncoderError
from rag.opening import collections, open_collection, open_engine, seeds_folder
from rag.settings import load


@pytest.fixture
def _words(monkeypatch):
    monkeypatch.setattr(rag.opening, "load_encoder", lambda *_, **__: WordEncoder())


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
    monkeypatch.setattr(rag.opening, "load_encoder", lambda *_, **__: first)
    open_engine(load()).close()
    with open_engine(load(collection="press"), create=True) as engine:
        engine.sync(tmp_path / "one.txt")
    monkeypatch.setattr(rag.opening, "load_encoder", lambda *_, **__: second)
    with open_engine(load()) as engine:
        assert engine.store.state().encoder == "words-2"
    with pytest.raises(EncoderError, match="rag sync"):
        open_engine(load(collection="press"))
    monkeypatch.setattr(rag.opening, "prepared", lambda found, **_: first if found == first.fingerprint else None)
    with open_engine(load(collection="press", threshold=0.0)) as engine:
        assert engine.ask("Combien de délégués à Nanning ?").citations
        assert [problem.key for problem in engine.store.notices] == ["encoder_before_answers"]
    with open_engine(load(collection="press"), create=True) as engine:
        engine.sync(tmp_path / "one.txt")
    with open_engine(load(collection="press")) as engine:
        assert engine.encoder is second
        assert engine.store.notices == []
