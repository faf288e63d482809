"""A collection is copied while another process writes it."""

from __future__ import annotations

import pytest
from fakes import make_entry

from rag.errors import StorageFull
from rag.store import open_store
from rag.store.database import FILE_NAME

WRITER = """
import itertools, sys
from pathlib import Path
from fakes import make_entry
from rag.store import open_store
with open_store(Path(sys.argv[1])) as store:
    for number in itertools.count():
        store.put([make_entry(f"{number}-{k}", f"rail {number}. port {k}", "sea " * 50) for k in range(3)])
        if number % 5 == 4:
            store.remove([f"{number}-0"])
        print(number, flush=True)
"""


def test_a_backup_of_a_collection_that_is_written_is_one_generation_of_it(child, tmp_path):
    writer = child(WRITER, tmp_path / "live")
    acknowledged, generations = -1, []
    with open_store(tmp_path / "live") as store:
        for copy in range(4):
            for _ in range(6):
                acknowledged = int(writer.stdout.readline())
            folder = tmp_path / f"copy{copy}"
            folder.mkdir()
            store.backup(folder / FILE_NAME)
            assert [path.name for path in folder.iterdir()] == [FILE_NAME]
            with open_store(folder) as back:
                assert back.check() == ()
                kept = {summary.id for summary in back.articles()}
                generations.append(back.state().generation)
            groups = {name.partition("-")[0] for name in kept}
            assert {str(number) for number in range(acknowledged + 1)} <= groups
            assert all({f"{group}-1", f"{group}-2"} <= kept for group in groups), "a write was copied in part"
    assert writer.poll() is None, writer.communicate()
    assert sorted(set(generations)) == generations


def test_a_backup_that_cannot_be_written_is_told(tmp_path):
    with open_store(tmp_path / "live") as store:
        store.put([make_entry("a", "rail")])
        with pytest.raises(StorageFull, match="nowhere"):
            store.backup(tmp_path / "nowhere" / "copy")
