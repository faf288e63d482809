import threading
from pathlib import Path

import pytest
from fakes import WordEncoder

import rag.library
from rag.errors import CollectionNotFound, EncoderError, RequestError, StoreBusy
from rag.generators.extractive import ExtractiveGenerator
from rag.library import Library
from rag.settings import load
from rag.types import Article


def article(name, number):
    text = f"Version {number} of {name} says {number} delegates. " * 3
    return Article(name, name, text.strip(), "en", origin=f"upload/{name}")


@pytest.fixture
def library():
    with_threshold = load(threshold=0.0, collection="press")
    made = Library(with_threshold, WordEncoder())
    with made.store("press", create=True):
        pass
    yield made
    made.close()


def test_eight_readers_see_whole_generations_while_one_writes(library):
    """Each write sets one number in every article, so an answer that mixes two generations shows two numbers."""
    names = [f"a{i}" for i in range(4)]
    library.add("press", [article(name, 0) for name in names])
    mixed, errors, done = [], [], threading.Event()

    def read():
        try:
            while not done.is_set():
                with library.engine("press") as engine:
                    hits = engine.retrieve("How many delegates does the version say?").hits
                    numbers = {hit.candidate.article.text.split()[1] for hit in hits}
                    answer = engine.ask("How many delegates does the version say?")
                if len(numbers) != 1 or len({c.quote.split()[1] for c in answer.citations}) > 1:
                    mixed.append(numbers)
        except Exception as error:  # noqa: BLE001 - of any thread, to be shown by the test
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for number in range(1, 13):
        library.add("press", [article(name, number) for name in names])
    done.set()
    for reader in readers:
        reader.join(30)
    assert (mixed, errors) == ([], [])
    with library.store("press") as store:
        assert store.state().generation == 13


def test_adding_leaves_what_is_there_and_replaces_what_has_the_id(library):
    first = library.add("press", [article("a", 1), article("b", 1)])
    second = library.add("press", [article("b", 2), article("a", 1)])
    assert (first.added, second.updated, second.unchanged, second.removed) == (("a", "b"), ("b",), ("a",), ())


def test_collections_beyond_the_bound_are_closed_when_idle_and_open_again(library, monkeypatch):
    monkeypatch.setattr(rag.library, "OPEN", 2)
    with library.store("press"):
        for name in ("one", "two", "three"):
            with library.store(name, create=True):
                pass
        assert set(library._held) == {"press", "three"}
    with library.store("one") as store:
        assert store.state().articles == 0
    assert library.names() == ["one", "press", "three", "two"]


def test_a_collection_in_use_is_removed_once_its_readers_have_left(library, monkeypatch):
    library.add("press", [article("a", 1)])
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with library.engine("press") as engine:
            entered.set()
            leave.wait(30)
            assert engine.retrieve("delegates").hits

    reader = threading.Thread(target=hold)
    reader.start()
    entered.wait(30)
    monkeypatch.setattr(rag.library, "PATIENCE", 0.05)
    with pytest.raises(StoreBusy):
        library.delete("press")
    monkeypatch.setattr(rag.library, "PATIENCE", 30)
    threading.Timer(0.05, leave.set).start()
    library.delete("press")
    reader.join(30)
    assert library.names() == []
    for use in (library.store, library.engine):
        with pytest.raises(CollectionNotFound), use("press"):
            pass
    with pytest.raises(CollectionNotFound):
        library.delete("press")


@pytest.mark.parametrize("name", ["..", "", "Press", "a/b", "/etc", "a" * 65, "press\x00"])
def test_a_name_cannot_be_a_path(library, name, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    for use in (lambda: library.delete(name), lambda: library.store(name, create=True).__enter__()):
        with pytest.raises(CollectionNotFound):
            use()
    assert sorted(tmp_path.rglob("*")) == before


def test_the_vectors_of_another_encoder_are_not_searched(library):
    library.add("press", [article("a", 1)])

    class Other(WordEncoder):
        fingerprint = "words-2"

    other = Library(load(collection="press"), Other())
    with other.engine("press") as engine, pytest.raises(EncoderError, match="words"):
        engine.retrieve("delegates")
    other.add("press", [article("b", 1)])
    with other.engine("press") as engine:
        assert {hit.candidate.article.id for hit in engine.retrieve("delegates").hits} == {"a", "b"}
    other.close()


def test_the_seeds_fill_themselves(monkeypatch):
    library = Library(load(), WordEncoder())
    library.prepare()
    with library.store("seeds") as store:
        assert store.state().articles == 2
    monkeypatch.setattr(rag.library, "seeds_folder", lambda: Path("/nowhere"))
    library.prepare()  # they are not read again
    library.close()


def test_a_generator_is_one_of_those_offered():
    class Named(ExtractiveGenerator):
        name = "named"

    library = Library(load(collection="press", model="named"), WordEncoder(), {"named": Named()})
    with library.store("press", create=True):
        pass
    assert library.models == ("named", "extractive")
    with library.engine("press") as engine, library.engine("press", model="extractive", top_k=2) as other:
        assert (engine.generator.name, other.generator.name, other.settings.top_k) == ("named", "extractive", 2)
    with pytest.raises(RequestError, match="named, extractive"), library.engine("press", model="openai:x"):
        pass
    library.close()
