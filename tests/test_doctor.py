import pytest
from fakes import WordEncoder

import rag.doctor
from rag.doctor import examine
from rag.errors import ModelNotFound
from rag.opening import collection_folder, open_collection
from rag.settings import load


@pytest.fixture
def _words(monkeypatch):
    monkeypatch.setattr(rag.doctor, "load", lambda *_, **__: WordEncoder())
    monkeypatch.setattr(rag.doctor, "verify", lambda *_, **__: ())


@pytest.mark.usefixtures("_words")
def test_a_healthy_house():
    open_collection(load(), create=True).close()
    found = examine(load())
    assert found.healthy
    assert found.problems == ()
    assert found.dimension == 64
    assert found.collections["seeds"].articles == 0
    assert found.versions["apsw"]


@pytest.mark.usefixtures("_words")
def test_a_damaged_collection_is_a_problem_and_the_others_are_still_examined():
    for name in ("good", "bad"):
        open_collection(load(collection=name), create=True).close()
    for path in collection_folder(load(collection="bad")).glob("*.sqlite3"):
        path.write_bytes(b"not a database" * 100)
    found = examine(load())
    assert not found.healthy
    assert list(found.collections) == ["good"]
    assert "bad" in found.problems[0].said("en")


def test_an_encoder_that_is_not_there_is_a_problem(monkeypatch):
    def missing(*_, **__):
        raise ModelNotFound("path_not_found", path="/no/model")

    monkeypatch.setattr(rag.doctor, "load", missing)
    monkeypatch.setattr(rag.doctor, "verify", lambda *_, **__: ())
    found = examine(load(encoder="/no/model"))
    assert not found.healthy
    assert found.dimension is None
    assert "/no/model" in found.problems[0].said("fr")
