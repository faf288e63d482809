"""What the children do: work on a collection, telling what they are about to do and what is acknowledged."""

import os
import random
import resource
import signal
import threading
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import copytree

import apsw
from fakes import make_entry, vector_of
from test_store_contract import ways

from rag.errors import StoreError
from rag.store import open_store
from rag.store.database import Database, _check_pages

_check_pages(Path())  # once, before the forks
IDS = [f"article-{number}" for number in range(30)]


@dataclass(frozen=True)
class Write:
    """One write: the articles ``ids`` get the text of ``version``, or go where there is none."""

    ids: tuple[str, ...]
    version: str | None

    def after(self, articles):
        """Return what a collection that holds ``articles``, versions by id, holds after this write."""
        if self.version is None:
            return {name: version for name, version in articles.items() if name not in self.ids}
        return articles | dict.fromkeys(self.ids, self.version)

    def apply(self, store):
        if self.version is None:
            store.remove(self.ids)
        else:
            store.put(entry(name, self.version) for name in self.ids)


def entry(name, version):
    """An article of one to three passages whose every word tells its version."""
    passages = 1 + len(name + version) % 3
    return make_entry(name, *(f"{name} {version} part{k}. Shared by all. In {version}" for k in range(passages)))


def random_write(rng, version):
    if rng.random() < 0.25:
        return Write(tuple(rng.sample(IDS, rng.randint(1, 3))), None)
    return Write(tuple(rng.sample(IDS, rng.randint(1, 8))), version)


def versions(store):
    """Return what a store holds, each article proved equal to what was put there."""
    held = {}
    for summary in store.articles():
        article = store.article(summary.id)
        version = article.text.split()[1]
        assert article == entry(summary.id, version).article
        held[summary.id] = version
    return held


def answers(store):
    """Return the scores of the ten best of each way to be near: which of two equals is found is nobody's business."""
    vector = vector_of("a question")
    found = store.search(vector, ["shared", "part1", "v1"], limit=10)
    best = [[round(score, 5) for score in scores[:10]] for scores in ways(found.candidates, vector)]
    return best, found.frequencies, found.passages


def served(store):
    """Return all that a reader may get to see: the best of a search, and every article."""
    return answers(store), {summary.id: store.article(summary.id).digest for summary in store.articles()}


def prove_whole(store, articles):
    """Assert that a store holds these articles, versions by id, and nothing else in any of its parts."""
    assert versions(store) == articles
    problems = store.check()  # integrity_check, foreign keys, digests of articles, counters, hashes of the snapshot
    assert problems == (), [problem.said("en") for problem in problems]
    passages = sum(len(entry(name, version).passages) for name, version in articles.items())
    found = store.search(vector_of("a question"), ["shared", *set(articles.values())], limit=10**6)
    assert len(found.candidates) == found.passages == found.frequencies["shared"] == passages
    for version in set(articles.values()):
        same = [name for name, other in articles.items() if other == version]
        assert found.frequencies[version] == sum(len(entry(name, version).passages) for name in same)
    with store._indexes.reading() as (_, meta, generation):  # vectors = passages + sentences
        parts = generation.parts if generation else ()
        assert sum(_vectors(part.passages, alive) for part, alive in parts) == meta.passages == passages
        assert sum(_vectors(part.sentences, alive) for part, alive in parts) == meta.sentences == 3 * passages


def _vectors(index, alive):
    """Count the vectors of an index that belong to passages which are still there."""
    import faiss

    numbers = faiss.vector_to_array(index._index.id_map)
    return len(numbers) if alive is None else int(alive[numbers].sum())


def write_until_killed(connection, folder, seed):
    """Write at random, each write announced before and acknowledged after, with a snapshot now and then."""
    rng = random.Random(seed)
    with open_store(folder) as store:
        for number in range(10**6):
            if rng.random() < 0.2:
                connection.send("snapshot")
                store.snapshot()
            else:
                write = random_write(rng, f"v{seed}x{number}")
                connection.send(write)
                write.apply(store)
            connection.send("done")


def inspect_without_checksums(connection, folder):
    Database._reserve_checksums = lambda *_: None
    inspect(connection, folder)


def inspect(connection, folder):
    """Open a collection that may be damaged, ask it, and have it checked, as a server or `rag doctor` would."""
    told = {"served": None, "error": None, "notices": [], "problems": [], "again": []}
    try:
        with open_store(folder, create=False) as store:
            told["problems"] = [problem.key for problem in store.check()]
            told["served"] = served(store)
            told["notices"] = [problem.key for problem in store.notices]
        with open_store(folder, create=False) as store:
            told["again"] = [problem.key for problem in store.check()]
    except StoreError as error:
        told["error"] = error.key
    connection.send(told)


BEFORE = dict.fromkeys(IDS[:6], "v1")
CHANGE = Write((IDS[1], IDS[7]), "v2")
AFTER = CHANGE.after(BEFORE)


def begin(store):
    Write(tuple(BEFORE), "v1").apply(store)


class FailingFile(apsw.VFSFile):
    """A file of SQLite of which one sync fails."""

    syncs, failing = 0, None

    def xSync(self, flags):  # noqa: N802 - SQLite's name, as below
        number, FailingFile.syncs = FailingFile.syncs, FailingFile.syncs + 1
        if number == FailingFile.failing:
            raise apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
        super().xSync(flags)


class FailingVFS(apsw.VFS):
    def __init__(self):
        super().__init__("failing", "cksmvfs", makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802
        return FailingFile("cksmvfs", name, flags)


def write_with_failing_syncs(connection, folder, checkpoints):
    """Let each sync of a write and of what follows it fail once, and tell what was seen and what was kept."""
    vfs, told = FailingVFS(), []
    while True:
        place = folder / str(len(told))
        case = {"error": None}
        with open_store(place) as store:
            store._database._writer.wal_autocheckpoint(checkpoints)
            begin(store)
            FailingFile.syncs, FailingFile.failing = 0, len(told)
            try:
                CHANGE.apply(store)
            except StoreError as error:
                case["error"] = error.key
            FailingFile.failing = None
            if FailingFile.syncs <= len(told):
                break
            case["served"] = versions(store)
            copy = folder / f"{place.name}-copy"
            copytree(place, copy)
            with open_store(copy) as other:  # as another process would find it, were this one gone
                case["kept"] = versions(other)
                prove_whole(other, case["kept"])
            CHANGE.apply(store)
            case["retried"] = versions(store)
        told.append(case)
    vfs.unregister()
    connection.send(told)


def write_under_a_limit(connection, folder):
    """Write more than a file may hold, search, and write again without the limit."""
    told = {"errors": []}
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    big = [make_entry(f"big-{n}", *(f"{n} {k} " + "sea " * 100 for k in range(20))) for n in range(40)]

    def under(limit, write):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            write()
        except StoreError as error:
            told["errors"].append((type(error).__name__, str(error)))
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    with open_store(folder) as store:
        store.put([make_entry("a", "rail")])
        before = answers(store)
        under(300_000, lambda: store.put(big))
        assert answers(store) == before
        store.put(big)
        before = answers(store)
        under(100, store.snapshot)
        told["left"] = [path.name for path in (folder / "snapshots").glob("*-*")]
        assert answers(store) == before
        store.snapshot()
        told["problems"] = [problem.key for problem in store.check()]
        told["articles"] = store.state().articles
    connection.send(told)


class Readers:
    """Four threads that search until they are stopped; every article is of one version at any time, its generation."""

    def __init__(self, store):
        self.generations, self.searches, self.wrong = set(), 0, []
        self._store, self._stop = store, threading.Event()
        self._threads = [threading.Thread(target=self._read) for _ in range(4)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self):
        try:
            while not self._stop.is_set() and not self.wrong:
                found = self._store.search(vector_of("q"), ["version1", "version9", "rail"], limit=9)
                texts = {candidate.article.text for candidate in found.candidates}
                versions = {f"version{found.generation} rail"}
                if texts != versions or (len(found.candidates), found.frequencies["rail"]) != (4, 4):
                    self.wrong.append((found.generation, texts, found.frequencies))
                self.generations.add(found.generation)
                self.searches += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            self.wrong.append(repr(error))

    def enough(self):
        """Whether there is something to tell: three generations, or what went wrong."""
        return len(self.generations) > 2 or bool(self.wrong)

    def told(self):
        notices = [notice.key for notice in self._store.notices]
        return {"generations": self.generations, "searches": self.searches, "wrong": self.wrong + notices}


def put_version(store, version):
    store.put(make_entry(f"a{number}", f"version{version} rail") for number in range(4))


def read_and_write(connection, folder, last):
    """Write versions 2 to ``last`` while four readers of the same process search, and on until told that it's enough.

    How often a reader's turn comes is the machine's business: so there's a version to see for as long as it takes.
    """
    with open_store(folder) as store, Readers(store) as readers:
        for version in range(2, 100 * last):
            put_version(store, version)
            if version % 5 == 0:
                store.snapshot()
            if version >= last and readers.enough() and connection.poll():
                break
        connection.send(readers.told() | {"written": version})


def read(connection, folder):
    """Search with four readers, telling when they have seen enough, until something is sent."""
    with open_store(folder, create=False) as store, Readers(store) as readers:
        connection.send("reading")
        while not readers.enough() and not connection.poll(0.01):
            pass
        connection.send("enough")
        connection.poll(None)
        connection.send(readers.told())


def put_and_die(connection, folder, entries, instant, snapshot):
    """Put entries, snapshot if asked to, and die after so many steps of SQLite in the write, or at the end."""
    with open_store(folder, create=False) as store:
        steps = count(1)
        store._database._writer.set_progress_handler(lambda: next(steps) >= instant and _die(), 100)
        store.put(entries)
        connection.send("done")
        if snapshot:
            store.snapshot()
        _die()


def _die():
    os.kill(os.getpid(), signal.SIGKILL)
