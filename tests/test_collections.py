from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import make_entry, vector_of

from rag.collections import building, remove, states
from rag.errors import CollectionNotFound
from rag.opening import collection_folder, collections, open_collection
from rag.settings import load
from rag.types import Problem


@pytest.fixture
def named(tmp_path):
    here = load(data_dir=tmp_path / "data")
    return lambda name: replace(here, collection=name)


def found(settings, *terms):
    with open_collection(settings) as store:
        return {c.article.text for c in store.search(vector_of("q"), terms, limit=9).candidates}


def test_collections_know_nothing_of_each_other(named):
    with open_collection(named("one"), create=True) as one, open_collection(named("two"), create=True) as two:
        one.put([make_entry("a", "rail one"), make_entry("b", "sea one")])
        two.put([make_entry("a", "rail two"), make_entry("c", "port two", fingerprint="fake")])
        two.remove(["a", "b"])
        one.put([make_entry("c", "hill one")])
        assert (one.state().articles, two.state().articles) == (3, 1)
        assert one.search(vector_of("q"), ["port"], limit=9).frequencies == {"port": 0}
        assert two.vectors("fake", list(one.vectors("fake", []))) == {}
    assert found(named("one"), "rail", "port") == {"rail one", "sea one", "hill one"}
    assert found(named("two"), "rail", "port") == {"port two"}
    remove(named("two"))
    assert found(named("one"), "rail") == {"rail one", "sea one", "hill one"}


def test_what_each_collection_holds_or_why_it_cannot_be_opened(named):
    with open_collection(named("one"), create=True) as store:
        store.put([make_entry("a", "rail")])
    collection_folder(named("broken")).mkdir()
    (collection_folder(named("broken")) / "collection.sqlite3").write_bytes(b"no database" * 1000)
    told = states(named("one"))
    assert list(told) == ["broken", "one"]
    assert isinstance(told["broken"], Problem)
    assert (told["one"].articles, told["one"].encoder) == (1, "fake")


def test_a_collection_that_is_not_there_cannot_be_removed(named):
    with open_collection(named("one"), create=True):
        pass
    with pytest.raises(CollectionNotFound, match="one"):
        remove(named("two"))
    remove(named("one"))
    assert collections(named("one")) == []


def test_a_collection_is_there_when_it_is_complete_or_not_at_all(named):
    def build(text, **options):
        with building(named("one"), **options) as store:
            store.put([make_entry("a", text)])
            if text == "bad":
                raise ZeroDivisionError
            assert "one" not in collections(named("one")) or options

    with pytest.raises(ZeroDivisionError):
        build("bad")
    assert collections(named("one")) == []
    build("good")
    with pytest.raises(ZeroDivisionError):
        build("bad", replace=True)
    assert found(named("one")) == {"good"}
    build("better", replace=True)
    assert found(named("one")) == {"better"}
    assert [path.name for path in named("one").data_dir.iterdir()] == ["collections"]
