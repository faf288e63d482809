import os
from pathlib import Path

import pytest
from fakes import MemoryStore, WordEncoder

import rag.changes
from rag.changes import Change, FolderChanges
from rag.errors import ArticleError
from rag.indexing import Indexer

LONG_AGO = 1_700_000_000


def write(path, text):
    path.write_text(text, encoding="utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "press"
    root.mkdir()
    write(root / "one.txt", "Un\n\nLe premier article parle de Nanning. Il est court.\n")
    write(root / "two.txt", "Deux\n\nLe deuxième article parle de Hanoï. Il est long.\n")
    return root


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that are opened, and of those that are read as articles, while it is looked at."""
    names = {"opened": [], "read": []}
    read, digest = rag.changes.read, rag.changes._digest
    monkeypatch.setattr(rag.changes, "read", lambda path, **o: names["read"].append(path.name) or read(path, **o))
    monkeypatch.setattr(rag.changes, "_digest", lambda path: names["opened"].append(path.name) or digest(path))
    return names


def sync(folder, store):
    return Indexer(store, WordEncoder(), 40, detect=lambda _: "fr").sync(folder)


def planned(folder, store):
    changes = FolderChanges(folder, store, lambda _: "fr")
    return [(c.action, c.why, c.id) for c in changes if isinstance(c, Change) and c.action != "unchanged"]


def test_files_that_did_not_change_are_not_even_opened(folder, store, opened):
    sync(folder, store)
    opened["opened"].clear()
    opened["read"].clear()
    assert sync(folder, store).unchanged == ("one", "two")
    assert opened == {"opened": [], "read": []}


def test_a_file_that_was_only_touched_is_looked_at_and_not_read(folder, store, opened):
    sync(folder, store)
    opened["read"].clear()
    os.utime(folder / "one.txt", (LONG_AGO + 5, LONG_AGO + 5))
    assert sync(folder, store).unchanged == ("one", "two")
    opened["opened"].clear()
    assert sync(folder, store).unchanged == ("one", "two")
    assert opened == {"opened": [], "read": []}


def test_a_change_within_the_tick_of_the_clock_is_seen(folder, store):
    path = folder / "one.txt"
    path.write_text("Un\n\nLe premier article parle de Nanning.\n", encoding="utf-8")
    before = path.stat()
    sync(folder, store)
    path.write_text("Un\n\nLe premier article parle de Nanking.\n", encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert sync(folder, store).updated == ("one",)


def test_an_article_that_was_removed_by_hand_comes_back(folder, store):
    sync(folder, store)
    store.remove(["one"])
    assert sync(folder, store).added == ("one",)


def test_a_copy_is_taken_once_its_original_is_gone(folder, store):
    write(folder / "copy.txt", (folder / "one.txt").read_text(encoding="utf-8"))
    assert sync(folder, store).added == ("copy", "two")
    assert sync(folder, store).duplicates == ((str(folder / "one.txt"), str(folder / "copy.txt")),)
    (folder / "copy.txt").unlink()
    report = sync(folder, store)
    assert (report.added, report.removed) == (("one",), ("copy",))


def test_an_article_becomes_a_copy_and_leaves(folder, store):
    sync(folder, store)
    write(folder / "copy.txt", (folder / "one.txt").read_text(encoding="utf-8"))
    report = sync(folder, store)
    assert (report.added, report.removed, len(report.duplicates)) == (("copy",), ("one",), 1)


def test_a_file_with_a_bad_line_is_read_again_and_complains_again(folder, store, opened):
    write(folder / "three.jsonl", '{"id": "good", "text": "Un article sur la mer."}\n{bad\n')
    assert sync(folder, store).added == ("one", "good", "two")
    opened["read"].clear()
    report = sync(folder, store)
    assert (len(report.failures), report.unchanged) == (1, ("one", "good", "two"))
    assert opened["read"] == ["three.jsonl"]


def test_readers_that_have_changed_read_again(folder, store, opened, monkeypatch):
    sync(folder, store)
    opened["read"].clear()
    monkeypatch.setattr(rag.changes, "readers", lambda: "newer")
    assert sync(folder, store).unchanged == ("one", "two")
    assert opened["read"] == ["one.txt", "two.txt"]


def test_what_is_below_a_folder_that_cannot_be_listed_stays(folder, store, monkeypatch):
    (folder / "closed").mkdir()
    write(folder / "closed" / "three.txt", "Trois\n\nUn article au secret.\n")
    sync(folder, store)
    error = ArticleError("path_unreadable", path=str(folder / "closed"), reason="Permission denied")
    monkeypatch.setattr(rag.changes, "find", lambda _: ([folder / "one.txt"], [error]))
    report = sync(folder, store)
    assert report.failures == (error,)
    assert report.removed == ("two",)


def test_what_is_gone_is_forgotten(folder, store):
    sync(folder, store)
    (folder / "two.txt").unlink()
    sync(folder, store)
    assert {Path(name).name for name in store.origins()} == {"one.txt"}


def test_a_plan_tells_what_it_would_do_and_why_and_does_nothing(folder, store):
    assert planned(folder, None) == [("added", "new", "one"), ("added", "new", "two")]
    sync(folder, store)
    write(folder / "one.txt", "Un\n\nLe premier article parle de Nankin. Il est court.\n")
    (folder / "two.txt").rename(folder / "zwei.txt")
    assert planned(folder, store)[0] == ("updated", "changed", "one")
    assert [(action, why) for action, why, _ in planned(folder, store)[1:]] == [("added", "new"), ("removed", "gone")]
    change = next(iter(FolderChanges(folder, store, lambda _: "fr")))
    assert change.fields == ("text",)
    moved = folder.rename(folder.parent / "archive")
    assert ("updated", "moved", "two") not in planned(moved, store)
    assert "Nanning" in store.article("one").text


def test_only_what_has_to_be_read_counts_for_the_progress(folder, store):
    sync(folder, store)
    assert FolderChanges(folder, store, lambda _: "fr").fraction == 1.0
    lines = [f'{{"id": "n{i}", "text": "Article {i} sur la mer de Chine."}}' for i in range(100)]
    write(folder / "more.jsonl", "\n".join(lines))
    changes = FolderChanges(folder, store, lambda _: "fr")
    fractions = [changes.fraction for _ in changes]
    assert fractions == sorted(fractions)
    assert 0 < fractions[10] < fractions[50] < fractions[-1] == 1.0
