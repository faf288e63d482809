"""Damaged files, read in a child process: found before they are served, and built again where they can be."""

import shutil
from collections import Counter
from dataclasses import replace

import pytest
from children import result
from work import AFTER, BEFORE, CHANGE, begin, inspect, inspect_without_checksums, prove_whole, served

from rag.store import open_store
from rag.store.database import FILE_NAME, Database
from rag.store.snapshots import Snapshots

FILES = ["CURRENT", "manifest.json", "columns.npz", "passages.faiss", "sentences.faiss", "meta.json", ".managed.json",
         ".idx", ".term", ".fieldnorm", ".fast", ".store", ".pos"]  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original") / "collection"
    with open_store(folder) as store:
        begin(store)
        CHANGE.apply(store)
        store.snapshot()
    return folder


@pytest.fixture(scope="module")
def expected(original):
    with open_store(original) as store:
        prove_whole(store, AFTER)
        assert store.notices == []
        return served(store)


def test_every_file_of_an_index_is_damaged_below(original):
    left = [path.name for path in (original / "snapshots").rglob("*") if path.is_file()]
    assert [name for name in left if not name.endswith((*FILES, "LOCK", ".lock"))] == []
    assert {path.name for path in original.iterdir()} == {FILE_NAME, "snapshots"}


@pytest.fixture
def damaged(original, expected, tmp_path, rng):
    """Damage the files of a name in copies of the collection; yields each, what is told of it, and what was done."""

    def contents(content, cuts, flips):
        yield "removed", None
        for number in range(cuts):
            size = len(content) * number // cuts
            yield f"cut to {size}", content[:size]
        for _ in range(flips):
            place, bit = rng.randrange(len(content)), rng.randrange(8)
            yield f"bit {bit} of {place}", content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]

    def damage(name, cuts, flips, original=original, look=inspect):
        folder = tmp_path / "collection"
        for path in (path for path in sorted(original.rglob("*")) if path.name.endswith(name)):
            for what, content in contents(path.read_bytes(), cuts, flips):
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(original, folder)
                copy = folder / path.relative_to(original)
                copy.unlink()
                if content is not None:
                    copy.write_bytes(content)
                # Without CURRENT there is no snapshot, and with another line break in it no damage.
                harmless = name == "CURRENT" and current(folder) in (None, current(original))
                told, code = result(look, folder)
                told = told or {"error": f"exit code {code}"}
                if harmless:
                    assert (told["served"], told["notices"]) == (expected, []), what
                else:
                    yield folder, told, what

    return damage


def current(folder):
    return Snapshots(folder / "snapshots").pointer()


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_index_is_built_again(expected, damaged, length, figure, name):
    count = 0
    for folder, told, what in damaged(name, length(1, 20), length(1, 100)):
        assert told["error"] is None, what
        assert told["problems"] == ["index_damaged"], what
        assert told["served"] == expected, what
        assert told["notices"] == ["index_rebuilt"], what
        assert told["again"] == [], what
        with open_store(folder) as store:
            assert served(store) == expected
            assert store.notices == []
        count += 1
    assert count
    figure(f"{count} damages, each found before it was served, and built again")


def test_a_damaged_database_is_told(expected, damaged, length, figure):
    found = Counter()
    for _, told, what in damaged(FILE_NAME, length(3, 20), length(6, 300)):
        assert told["served"] in (None, expected), what
        assert told["error"] in (None, "database_damaged", "collection_folder_empty"), what
        assert told["error"] or "database_damaged" in told["problems"], what
        found["when it was opened or searched" if told["error"] else "by the check"] += 1
    figure(f"{found.total()} damages, each found ({dict(found)}), none served")


def test_without_checksums_damage_would_pass(damaged, tmp_path, monkeypatch, length, figure):
    """That the test above can fail."""
    with monkeypatch.context() as context:
        context.setattr(Database, "_reserve_checksums", lambda *_: None)
        with open_store(tmp_path / "unchecked") as store:
            begin(store)
            CHANGE.apply(store)
            store.snapshot()
    flips = length(8, 200)
    told = [told for _, told, _ in damaged(FILE_NAME, 0, flips, tmp_path / "unchecked", inspect_without_checksums)]
    missed = sum(not (one["error"] or one["problems"]) for one in told)
    assert missed
    figure(f"of {flips} flipped bits {missed} would not be noticed")


def test_an_emptied_database_is_no_new_collection(original, tmp_path):
    shutil.copytree(original, tmp_path / "collection")
    (tmp_path / "collection" / FILE_NAME).write_bytes(b"")
    for _ in range(2):
        told, _ = result(inspect, tmp_path / "collection")
        assert told["error"] == "database_damaged"


def test_a_copy_put_back_never_takes_the_index_of_what_it_lacks(tmp_path):
    """Its next writes get the numbers and the generations of those that are lost."""
    folder = tmp_path / "collection"
    with open_store(folder) as store:
        begin(store)
    copy = (folder / FILE_NAME).read_bytes()
    with open_store(folder) as store:
        CHANGE.apply(store)
        store.snapshot()
    (folder / FILE_NAME).write_bytes(copy)
    with open_store(folder) as store:
        (notice,) = store.notices
        assert notice.key == "database_older"
        replace(CHANGE, version="v3").apply(store)
        store.snapshot()
        store.notices.clear()
        prove_whole(store, replace(CHANGE, version="v3").after(BEFORE))
    with open_store(folder) as store:
        assert store.notices == []
