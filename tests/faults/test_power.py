"""Power loss at any instant: nothing acknowledged is lost, nothing is in part, nothing is damaged."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from children import TESTS, environment
from disk import Disk
from work import entry, prove_whole, versions

from rag.errors import AskpressError
from rag.store import open_store


@pytest.fixture(scope="module")
def record(tmp_path_factory, seed, length):
    """What a program that writes to a collection has SQLite do."""
    folder = tmp_path_factory.mktemp("recorded") / "collection"
    command = [sys.executable, TESTS / "faults" / "recording.py", folder, str(seed), str(length(12, 60))]
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True)
    return pickle.loads(done.stdout)


def cuts(record, disk, instants, rng):
    """Yield states of the disk after a power cut at random instants, with those of the articles that are possible."""
    chosen = sorted(rng.randrange(len(record)) for _ in range(instants))
    articles, doing = {}, None
    for number, event in enumerate(record):
        if event[0] == "begin":
            doing = event[1]
        elif event[0] == "done":
            articles, doing = doing.after(articles), None
        else:
            disk.follow(event)
        for _ in range(chosen.count(number)):
            yield disk.after_power_cut(rng), [articles, *([doing.after(articles)] if doing else [])]


def put_on_disk(files, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, content in files.items():
        (folder / Path(path).name).write_bytes(content)


def test_the_record_shows_what_a_disk_is_asked(record):
    kinds = [event[0] for event in record]
    assert {"open", "write", "sync", "delete", "begin", "done"} <= set(kinds)
    for start, stop in zip(
        (at for at, kind in enumerate(kinds) if kind == "begin"),
        (at for at, kind in enumerate(kinds) if kind == "done"),
        strict=True,
    ):
        if "write" in kinds[start:stop]:
            assert "sync" in kinds[start:stop], "acknowledged before it was synced"


def test_acknowledged_writes_survive_a_power_cut(record, tmp_path, length, rng, figure):
    folder, seen = tmp_path / "collection", set()
    for files, possible in cuts(record, Disk(), length(30, 1000), rng):
        put_on_disk(files, folder)
        with open_store(folder) as store:
            held = versions(store)
            assert held in possible
            prove_whole(store, held)
            assert store.notices == []
            store.put([entry("later", "v0")])
        with open_store(folder, create=False) as store:
            prove_whole(store, held | {"later": "v0"})
        seen.add(tuple(sorted((Path(path).name, hash(content)) for path, content in files.items())))
    figure(f"{length(30, 1000)} power cuts, {len(seen)} different states of the disk; nothing lost, nothing damaged")


def test_a_disk_that_does_not_sync_is_noticed(record, tmp_path, rng):
    """That the test above can fail."""
    folder, lost = tmp_path / "collection", 0
    for files, possible in cuts(record, Disk(syncs=False), 20, rng):
        put_on_disk(files, folder)
        try:
            with open_store(folder) as store:
                lost += versions(store) not in possible
        except AskpressError:
            lost += 1
    assert lost
