"""Every fsync and every rename fails once: no acknowledgement, no rename after it, and the old generation is served."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from children import result
from work import AFTER, BEFORE, CHANGE, answers, begin, prove_whole, write_with_failing_syncs

from rag.errors import StorageFull
from rag.store import open_store, snapshots


@pytest.fixture
def folder(tmp_path):
    with open_store(tmp_path / "collection") as store:
        begin(store)
        store.snapshot()
        CHANGE.apply(store)
    return tmp_path / "collection"


class Calls:
    """Notes the calls that make a snapshot durable, and lets one of them fail."""

    def __init__(self, monkeypatch):
        self.made, self.failing = [], None
        monkeypatch.setattr(snapshots.os, "fsync", self._watched("fsync", os.fsync))
        monkeypatch.setattr(Path, "rename", self._watched("rename", Path.rename))
        monkeypatch.setattr(Path, "replace", self._watched("replace", Path.replace))

    def _watched(self, name, real):
        def call(*arguments):
            self.made.append(name)
            if len(self.made) - 1 == self.failing:
                raise OSError(5, "Input/output error")
            return real(*arguments)

        return call


def test_every_call_that_makes_a_snapshot_durable(folder, monkeypatch, figure):
    calls = Calls(monkeypatch)
    snapshots_folder = folder / "snapshots"
    current = (snapshots_folder / "CURRENT").read_bytes()
    with open_store(folder) as store:
        expected = answers(store)
        failing = 0
        while True:
            calls.made, calls.failing = [], failing
            with suppress(StorageFull):
                store.snapshot()
                break
            assert len(calls.made) == failing + 1, "nothing follows what failed"
            named = "replace" in calls.made[:-1]  # what failed is the last sync, of the name that is there by now
            assert ((snapshots_folder / "CURRENT").read_bytes() == current) is not named
            with open_store(folder, create=False) as other:
                assert answers(other) == expected
                assert other.notices == []
            if named:  # back to where the call began
                (snapshots_folder / "CURRENT").write_bytes(current)
            failing += 1
        assert len(calls.made) == failing, "a failure was swallowed"
        assert calls.made.count("fsync") > 10
        assert calls.made[-4:] == ["fsync", "fsync", "replace", "fsync"]
        assert (snapshots_folder / "CURRENT").read_bytes() != current
        prove_whole(store, AFTER)
    assert len({path.name for path in snapshots_folder.glob("*-*")}) == 2, "what failed left nothing behind"
    figure(f"each of {failing} calls of a snapshot failed once")


@pytest.mark.parametrize("checkpoints", [1000, 1])
def test_every_sync_of_a_write(tmp_path, checkpoints, figure):
    told, _ = result(write_with_failing_syncs, tmp_path, checkpoints)
    assert told[0]["served"] == BEFORE, "the sync of the log is what a commit waits for"
    for case in told:
        assert case["error"] in (None, "store_unwritable")
        # Of what was refused all is there where it was the move of the log into the database that failed; else nothing.
        assert case["served"] in ((BEFORE, AFTER) if case["error"] else (AFTER,))
        assert case["kept"] in (case["served"], AFTER)
        assert case["retried"] == AFTER
    for failing in range(len(told)):
        with open_store(tmp_path / str(failing)) as store:
            prove_whole(store, AFTER)
    refused = sum(case["error"] is not None for case in told)
    figure(f"each of {len(told)} syncs of a write failed once; {refused} of them refused it")
