"""Eight readers in two processes beside one writer: no error, and each answer comes from one generation."""

from children import child
from work import put_version, read, read_and_write

from rag.store import open_store


def test_every_search_sees_one_generation(tmp_path, length, figure):
    folder, last = tmp_path / "collection", length(25, 2000)
    with open_store(folder) as store:
        put_version(store, 1)
    with child(read, folder) as (_, reading):
        assert reading.recv() == "reading"
        with child(read_and_write, folder, last) as (_, writing):
            assert reading.poll(300), "the other process never saw a third generation"
            assert reading.recv() == "enough"
            writing.send("enough")
            told = [writing.recv()]
        reading.send("stop")
        told.append(reading.recv())
    assert [readers["wrong"] for readers in told] == [[], []]
    assert all(len(readers["generations"]) > 2 for readers in told)
    searches, generations = sum(r["searches"] for r in told), set.union(*(r["generations"] for r in told))
    written = told[0]["written"]
    assert generations <= set(range(1, written + 1))
    figure(f"{searches} searches by 8 readers during {written} writes saw {len(generations)} generations, each whole")
