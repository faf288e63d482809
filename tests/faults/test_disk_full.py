"""A disk without space: a clear error, reading goes on, and a retry succeeds once there is space."""

import os
import shutil
import subprocess
from uuid import uuid4

import pytest
from children import result
from fakes import WordEncoder, make_entry
from fastapi.testclient import TestClient
from work import answers, begin, versions, write_under_a_limit

from api.app import create_app
from api.settings import load as load_server
from rag.errors import StorageFull
from rag.settings import load
from rag.store import open_store
from rag.store.database import FILE_NAME


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 4 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here; the limit on the size of a file is tested")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Ballast:
    """A file that takes all the space there is left but ``spare`` bytes."""

    def __init__(self, folder, spare=0):
        self.path = folder / f"ballast-{uuid4()}"
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        self.path.write_bytes(bytes(max(free - spare, 0)))

    def remove(self):
        self.path.unlink()


BIG = [make_entry(f"big-{n}", *(f"{n} {k} " + "sea " * 100 for k in range(20))) for n in range(20)]


@pytest.mark.parametrize("spare", [0, 20_000, 200_000])
def test_a_full_disk_is_told_and_reading_goes_on(small_disk, spare):
    folder = small_disk / "collection"
    with open_store(folder) as store:
        begin(store)
        before = versions(store)
        expected = answers(store)
        ballast = Ballast(small_disk, spare)
        for _ in range(2):
            with pytest.raises(StorageFull, match=FILE_NAME):
                store.put(BIG)
            with pytest.raises(StorageFull, match="snapshots"):
                store.snapshot()
            assert (versions(store), answers(store)) == (before, expected)
        with open_store(folder, create=False) as other:
            assert (versions(other), answers(other)) == (before, expected)
    more = Ballast(small_disk, spare)  # closed, the collection has given back some
    with open_store(folder, create=False) as store:
        assert (versions(store), answers(store)) == (before, expected)
        with pytest.raises(StorageFull, match=FILE_NAME):
            store.put(BIG)
        ballast.remove()
        more.remove()
        store.put(BIG)
        store.snapshot()
        assert store.check() == ()
        assert store.state().articles == len(before) + len(BIG)


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_limit_on_the_size_of_files(tmp_path):
    """For who may not mount: the same errors, from a limit that a process sets itself."""
    told, code = result(write_under_a_limit, tmp_path / "collection")
    assert code == 0
    assert [kind for kind, _ in told["errors"]] == ["StorageFull", "StorageFull"]
    assert FILE_NAME in told["errors"][0][1]
    assert "snapshots" in told["errors"][1][1]
    assert told["left"] == []
    assert told["problems"] == []
    assert told["articles"] == 41


def test_over_http(small_disk):
    settings = load(collection="press", threshold=0.0, data_dir=small_disk / "data")
    article = {"id": "mayor", "title": "Mayor", "text": "The mayor opened 12 bridges in Hanoi."}
    big = {"articles": [{"id": f"b{n}", "title": "Sea", "text": f"Ship {n} sailed. " * 200} for n in range(20)]}
    with TestClient(
        create_app(settings, load_server(quick_seconds=60), encoder=WordEncoder()), base_url="http://localhost"
    ) as client:
        assert client.put("/v1/collections/press").status_code == 201
        assert client.post("/v1/collections/press/articles", json={"articles": [article]}).status_code == 201
        ballast = Ballast(small_disk)
        refused = client.post("/v1/collections/press/articles", json=big)
        assert (refused.status_code, refused.json()["type"]) == (507, "/problems/store_unwritable")
        assert "Free some space" in refused.json()["detail"]
        answer = client.post("/v1/ask", json={"query": "Who opened 12 bridges in Hanoi?"})
        assert (answer.status_code, answer.json()["citations"][0]["article_id"]) == (200, "mayor")
        assert client.get("/readyz").status_code == 200
        ballast.remove()
        assert client.post("/v1/collections/press/articles", json=big).status_code == 201
        assert client.get("/v1/collections/press/articles").json()["total"] == 21
