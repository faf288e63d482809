from __future__ import annotations

import hashlib
import json
import random
import shutil

import pytest
from fakes import make_entry, vector_of

from rag.errors import StorageFull
from rag.store import open_store
from rag.store.snapshots import Contents, DamagedSnapshotError, Snapshots


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original") / "collection"
    with open_store(folder) as store:
        store.put(make_entry(f"a{n}", f"rail {n}. port", f"sea {n}") for n in range(20))
        store.snapshot()
    return folder


def find(folder, name):
    return next(path for path in sorted((folder / "snapshots").rglob("*")) if path.name.endswith(name))


def flip(path):
    content = bytearray(path.read_bytes())
    place = random.Random(path.name).randrange(len(content))
    content[place] ^= 1 << place % 8
    path.write_bytes(content)


def test_every_flipped_bit_of_the_pointer_is_found(original, tmp_path):
    folder = tmp_path / "snapshots"
    shutil.copytree(original / "snapshots", folder)
    kept = Snapshots(folder)
    content = (folder / "CURRENT").read_bytes()
    kept.verified(kept.pointer())
    for place in range(len(content.rstrip())):
        for bit in range(8):
            (folder / "CURRENT").write_bytes(
                content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]
            )
            with pytest.raises(DamagedSnapshotError):
                kept.verified(kept.pointer())


def test_check_repairs(original, tmp_path):
    folder = tmp_path / "collection"
    shutil.copytree(original, folder)
    flip(find(folder, "sentences.faiss"))
    with open_store(folder) as store:
        (problem,) = store.check(repair=True)
        assert problem.repaired
        assert "sentences.faiss" in problem.said("en")
        assert store.check() == ()
        assert len(store._indexes.snapshots.names()) == 1


def test_what_another_version_wrote_is_dropped_without_a_word(original, tmp_path):
    folder = tmp_path / "collection"
    shutil.copytree(original, folder)
    kept = Snapshots(folder / "snapshots")
    path = kept.folder / kept.pointer().name / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["contents"]["since"]
    path.write_text(json.dumps(manifest))
    (kept.folder / "CURRENT").write_text(f"{kept.pointer().name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n")
    with open_store(folder) as store:
        assert kept.names() == set()
        assert len(store.search(vector_of("q"), ["rail"], limit=50).candidates) == 40
        assert store.notices == []


def write(kept, generation):
    def fill(folder):
        (folder / "data").write_text(str(generation))
        return Contents(generation, generation, 0, 0, 0, 16)

    with kept.building():
        kept.write(fill)


def test_the_snapshot_before_is_kept_and_no_more(tmp_path):
    kept = Snapshots(tmp_path)
    for generation in (1, 2, 3):
        write(kept, generation)
    assert {name.split("-")[0] for name in kept.names()} == {"2", "3"}
    assert (kept.verified(kept.pointer()) / "data").read_text() == "3"


def test_left_overs_go_when_the_collection_is_opened(original, tmp_path):
    folder = tmp_path / "collection"
    shutil.copytree(original, folder)
    (folder / "snapshots" / "tmp-dead").mkdir()
    (folder / "snapshots" / "tmp-CURRENT").write_text("half")
    with Snapshots(folder / "snapshots").building():
        open_store(folder).close()
        assert (folder / "snapshots" / "tmp-dead").exists(), "another process may be writing it"
    open_store(folder).close()
    assert list((folder / "snapshots").glob("tmp-*")) == []


def test_a_write_that_is_kept_does_not_fail_for_its_index(tmp_path, monkeypatch):
    with open_store(tmp_path / "collection") as store:
        monkeypatch.setattr("rag.store.indexes._BEHIND", 1)
        monkeypatch.setattr(Snapshots, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        store.put([make_entry("a", "rail", "port")])
        (notice,) = store.notices
        assert "are kept" in notice.said("en")
        assert not notice.repaired
        with pytest.raises(StorageFull, match="snapshots"):
            store.snapshot()
        assert len(store.search(vector_of("q"), ["rail"], limit=5).candidates) == 2
