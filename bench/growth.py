"""A question as a collection grows: time by stage, memory, disk, and what the exact search finds that ours does not.

    python -m bench.growth --of press --questions queries.jsonl --folder ~/grown --json growth.json

``--of`` names collections of real articles, which ``rag sync`` has made; ``--folder`` keeps what is made of them, so
that the next run only measures. ``--questions`` are lines of JSON with ``text`` and ``lang``; else sentences of the
articles are asked.

The articles beyond the real ones are synthetic: a real one with the words of each sentence in another order, three in
ten of its terms another's, a date and an outlet of their own, and each vector moved by the difference between two near
real neighbours. So questions have as many passages near to them as real articles of the same kind would be.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import random
import re
import statistics
import tempfile
import time
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import faiss
import numpy as np

from bench.machine import machine
from rag.garbage import settle
from rag.indexing import BATCH, Indexer
from rag.languages import query_terms
from rag.opening import open_engine
from rag.settings import load
from rag.store import rows as stored
from rag.store.columns import Columns
from rag.store.database import Database
from rag.types import Filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from numpy.typing import NDArray

    from rag.engine import Engine
    from rag.types import Entry

T = TypeVar("T")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
PUT = 5_000  # articles a transaction: real ones take some hours to encode, so that theirs are small
PIVOTS, NEAR = 4096, 10  # real vectors whose nearest others give the differences
OTHERS = 0.3  # of a passage's terms are of another's
FILTERS = {"a year of 25": Filters("2010", "2010"), "a month of 300": Filters("2010-05", "2010-05")}
WARM = 5


class Grown:
    """Endlessly many entries, the real ones first."""

    def __init__(self, real: Sequence[Entry]) -> None:
        self._real = real
        self._chance = np.random.default_rng(7)
        self._words = random.Random(7)
        self._passages = _differences(np.concatenate([entry.passage_vectors for entry in real]), self._chance)
        self._sentences = _differences(np.concatenate([entry.sentence_vectors for entry in real]), self._chance)
        self._terms = [term for entry in real for terms in entry.terms for term in terms]

    def __iter__(self) -> Iterator[Entry]:
        yield from self._real
        for copy in count(1):
            for entry in self._real:
                yield self._moved(entry, copy)

    def _moved(self, entry: Entry, copy: int) -> Entry:
        name = f"{entry.article.id}+{copy}"
        text = entry.article.text
        for span in (span for passage in entry.passages for span in passage.sentences):
            words = span.of(text).split(" ")
            self._words.shuffle(words)
            text = text[: span.start] + " ".join(words) + text[span.stop :]
        date = f"{self._words.randint(2000, 2024)}-{self._words.randint(1, 12):02}-{self._words.randint(1, 28):02}"
        outlet = f"Outlet {self._words.randint(1, 50)}"
        return replace(
            entry,
            article=replace(entry.article, id=name, text=text, published=date, outlet=outlet, url=None),
            passages=tuple(replace(passage, article_id=name) for passage in entry.passages),
            terms=tuple(tuple(self._mixed(terms)) for terms in entry.terms),
            passage_digests=_digests(f"{name} p", len(entry.passage_digests)),
            sentence_digests=_digests(f"{name} s", len(entry.sentence_digests)),
            passage_vectors=self._off(entry.passage_vectors, self._passages),
            sentence_vectors=self._off(entry.sentence_vectors, self._sentences),
            signature=b"",
        )

    def _mixed(self, terms: Sequence[str]) -> Iterator[str]:
        others = self._chance.random(len(terms)) < OTHERS
        places = self._chance.integers(len(self._terms), size=len(terms))
        return (self._terms[at] if other else term for term, other, at in zip(terms, others, places, strict=True))

    def _off(self, vectors: NDArray[np.float32], differences: NDArray[np.float32]) -> NDArray[np.float32]:
        moved = vectors + differences[self._chance.integers(len(differences), size=len(vectors))]
        return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def _digests(name: str, number: int) -> tuple[str, ...]:
    return tuple(hashlib.sha256(f"{name}{place}".encode()).hexdigest() for place in range(number))


def _differences(vectors: NDArray[np.float32], chance: np.random.Generator) -> NDArray[np.float32]:
    """Return what lies between real vectors and their nearest others, float32 of shape (PIVOTS * NEAR, dimension)."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    pivots = vectors[chance.integers(len(vectors), size=PIVOTS)]
    _, near = index.search(pivots, NEAR + 1)
    return np.asarray(vectors[near[:, 1:]] - pivots[:, None, :], np.float32).reshape(-1, vectors.shape[1])


def _real(names: Iterable[str]) -> list[Entry]:
    """Return the entries of collections, whose texts keep the vectors that they have there."""
    entries: list[Entry] = []
    for name in names:
        with open_engine(load(collection=name)) as engine:
            indexer = Indexer(engine.store, engine.encoder, engine.settings.passage_tokens)
            ids = [summary.id for summary in engine.store.articles()]
            for batch in _batches(ids, BATCH):
                made = indexer.entries([engine.store.article(article) for article in batch])
                entries += [
                    replace(entry, article=replace(entry.article, id=f"{name}/{entry.article.id}"),
                            passages=tuple(replace(p, article_id=f"{name}/{entry.article.id}") for p in entry.passages))
                    for entry in made if entry.passages
                ]  # fmt: skip
    random.Random(7).shuffle(entries)
    return entries


def _fill(grown: Grown, size: int, folder: Path) -> None:
    """Put articles until a collection in a data folder has so many passages; one that was begun is gone on with."""
    with open_engine(load(data_dir=folder, collection="bench"), create=True) as engine:
        started, store = time.perf_counter(), engine.store
        entries = islice(grown, store.state().articles, None)
        while (wanted := size - store.state().passages) > 0:
            batch: list[Entry] = []
            while len(batch) < PUT and wanted > 0:
                batch.append(next(entries))
                wanted -= len(batch[-1].passages)
            store.put(batch)
            print(f"  {store.state().passages} passages after {time.perf_counter() - started:.0f} s", flush=True)
        store.snapshot()
        print(f"  indexed after {time.perf_counter() - started:.0f} s", flush=True)


def _warm(folder: Path) -> None:
    """Read every file once, so that the system holds it in memory, as it does after some thousands of questions."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass


def _answer(folder: Path, questions: Sequence[tuple[str, str]], pipe: Connection) -> None:
    """Answer each question when its place comes, telling milliseconds by stage; then tell all else that is measured."""
    started = time.perf_counter()
    with open_engine(load(data_dir=folder, collection="bench", threshold=0.0)) as engine:
        for place in iter(pipe.recv, None):
            if place == WARM:
                settle()  # as a server does once it is ready
            began, processor = time.perf_counter(), time.process_time()
            answer = engine.ask(questions[place][0])
            ended = time.perf_counter()
            whole = {"whole": 1000 * (ended - began), "processor": 1000 * (time.process_time() - processor)}
            whole["unread"] = whole["whole"] - answer.timings.get("read", 0.0)
            pipe.send(whole | dict(answer.timings) | {"first": 1000 * (ended - started)})
        state, memory = engine.store.state(), _memory()
        recall, filtered = _recall(engine, folder, questions[WARM:])
    pipe.send({
        "passages": state.passages, "sentences": state.sentences, "bytes": state.bytes_on_disk,
        "memory": memory, "recall": recall, "filtered": filtered,
    })  # fmt: skip


def _measure(folders: Sequence[Path], questions: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Ask each question of one collection after the other, each in a process of its own, so that times compare.

    The first is asked before the next process starts.
    """
    context = multiprocessing.get_context("spawn")
    children = []
    told: list[list[dict[str, float]]] = []
    for folder in folders:
        ours, theirs = context.Pipe()
        process = context.Process(target=_answer, args=(folder, questions, theirs), daemon=True)
        process.start()
        theirs.close()  # so that to wait for one that died ends
        children.append((process, ours))
        ours.send(0)
        told.append([ours.recv()])
    for place in range(1, len(questions)):
        for (_, pipe), times in zip(children, told, strict=True):
            pipe.send(place)
            times.append(pipe.recv())
    figures = []
    for (process, pipe), times in zip(children, told, strict=True):
        pipe.send(None)
        stages = {stage: _percentiles([each[stage] for each in times[WARM:]]) for stage in times[0] if stage != "first"}
        figures.append({"first answer": times[0]["first"], "stages": stages, **pipe.recv()})
        process.join()
    return figures


def _recall(engine: Engine, folder: Path, questions: Sequence[tuple[str, str]]) -> tuple[dict[str, float], Any]:
    """Return the part of the exact ten best passages that a search finds, by each cosine and by their sum."""
    vectors = engine.encoder.encode_queries([text for text, _ in questions], [lang for _, lang in questions])
    database = Database(next(folder.rglob("collection.sqlite3")).parent, create=False, busy_timeout=10)
    with database.reading() as connection:
        columns = Columns.build(stored.column_rows(connection))
        places = np.zeros(int(columns.passages.max()) + 1, np.intp)
        places[columns.passages] = np.arange(len(columns))
        passages, sentences = (
            _exact(rows, vectors, places, len(columns))
            for rows in (stored.passage_rows(connection), stored.sentence_rows(connection))
        )
        named = connection.execute(
            "SELECT passages.number, id || ' ' || ordinal FROM passages JOIN articles ON articles.number = article"
        )
        names = {int(str(number)): str(name) for number, name in named}
    database.close()
    truth = {"passages": passages, "sentences": sentences, "their sum": passages + sentences}
    found: dict[str, list[float]] = {way: [] for way in truth}
    filtered: dict[str, Any] = {}
    for name, filters in {"": Filters(), **FILTERS}.items():
        allowed = columns.passing(filters)[columns.passages]
        times, filled, kept = [], [], []
        for number, (text, language) in enumerate(questions):
            terms = query_terms(text, language)
            started = time.perf_counter()
            result = engine.store.search(vectors[number], terms, limit=engine.settings.candidates, filters=filters)
            times.append(1000 * (time.perf_counter() - started))
            got = {f"{each.article.id} {each.passage.ordinal}" for each in result.candidates}
            filled.append(len(got))
            for way, scores in truth.items():
                best = _ten_best(np.where(allowed, scores[number], -2))
                part = statistics.mean(names[int(columns.passages[place])] in got for place in best)
                kept.append(part) if name else found[way].append(part)
        if name:
            filtered[name] = {
                "passages": int(allowed.sum()), "search": _percentiles(times), "recall": statistics.mean(kept),
                "fewest candidates": min(filled),
            }  # fmt: skip
    return {way: statistics.mean(parts) for way, parts in found.items()}, filtered


def _ten_best(scores: NDArray[np.float32]) -> NDArray[np.intp]:
    best = np.argpartition(-scores, min(10, len(scores) - 1))[:10]
    return np.asarray(best[scores[best] > -2])


def _exact(
    rows: Iterable[tuple[int, bytes]], vectors: NDArray[np.float32], places: NDArray[np.intp], passages: int
) -> NDArray[np.float32]:
    """Return the greatest cosine of each passage's rows with each vector, of shape (vectors, passages)."""
    best = np.full((passages, len(vectors)), -1, np.float32)
    for batch in _batches(rows, 8192):
        numbers, blobs = zip(*batch, strict=True)
        at, starts = np.unique(places[list(numbers)], return_index=True)  # a passage's rows lie together
        nearest = np.maximum.reduceat(stored.matrix(blobs, vectors.shape[1]) @ vectors.T, starts)
        best[at] = np.maximum(best[at], nearest)
    return best.T


def _memory() -> dict[str, int]:
    """Return the bytes of this process that are in memory, and how many of them are its own, not of a file."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = {key: 1024 * int(value) for key, value in re.findall(r"(VmRSS|RssAnon|VmHWM):\s+(\d+) kB", status)}
    return {"resident": found["VmRSS"], "own": found["RssAnon"], "most": found["VmHWM"]}


def _percentiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": ordered[len(ordered) // 2], "p95": ordered[int(0.95 * len(ordered))], "least": ordered[0]}


def _questions(path: Path | None, real: Sequence[Entry], number: int) -> list[tuple[str, str]]:
    if path is None:
        chosen = random.Random(5).sample(real, number)
        return [(entry.passages[0].sentences[0].of(entry.article.text), entry.article.language) for entry in chosen]
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(row["text"], row["lang"]) for row in random.Random(5).sample(rows, number)]


def _row(told: dict[str, Any]) -> str:
    stages, recall = told["stages"], told["recall"]
    times = (
        f"{stages[stage]['p50']:.1f}/{stages[stage]['p95']:.1f}" for stage in ("whole", "unread", "processor", "search")
    )
    return (
        f"{told['passages']:>9} {told['sentences']:>9}"
        + "".join(f" {each:>12}" for each in times)
        + f" {told['first answer']:>9.0f} {told['memory']['resident'] / 1e6:>7.0f} {told['memory']['own'] / 1e6:>7.0f}"
        + f" {told['bytes'] / told['passages']:>9.0f}"
        + "".join(f" {recall[way]:>9.3f}" for way in recall)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--of", nargs="+", required=True, help="collections of real articles")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="passages")
    parser.add_argument("--folder", type=Path, help="where collections are kept, and found again")
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--cold", action="store_true", help="do not read the files beforehand, as after a restart")
    parser.add_argument("--rounds", type=int, default=100, help="questions a size")
    parser.add_argument("--json", type=Path, help="where to write all figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        real = _real(given.of)
        questions = _questions(given.questions, real, given.rounds + WARM)
        print(f"{machine()}; {sum(len(entry.passages) for entry in real)} real passages, {given.rounds} questions")
        for size in given.sizes:
            _fill(Grown(real), size, folder / str(size))
            if not given.cold:
                _warm(folder / str(size))
        figures = _measure([folder / str(size) for size in given.sizes], questions)
    print(
        f"\n{'passages':>9} {'sentences':>9} {'ms whole':>12} {'ms unread':>12} {'ms of cores':>12} {'ms search':>12}"
        f" {'ms first':>9}"
        f" {'MB res.':>7} {'MB own':>7} {'B/passage':>9} {'passages':>9} {'sentences':>9} {'their sum':>9}: recall@10"
    )
    print("\n".join(map(_row, figures)))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
