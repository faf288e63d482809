"""Askpress beside other programs with the same encoder's weights: questions, indexing, memory, disk and quality.

Run by ``make bench``, and with ``--full`` and a set for quality by ``make bench-full``. Each round asks every program
in turn; ratios are of one round. The texts are synthetic, of four sentences each.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench import invented
from bench.corpus import QUESTIONS, texts
from bench.programs import PROGRAMS, SETTINGS, Program, UnavailableError
from bench.tables import Cell, Table, ratios
from rag.encoders import prepare, resolve
from rag.evaluation import queries
from rag.protocols import silent
from rag.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ASK = Path(sys.executable).with_name("ask")
SAMPLE = 120  # questions of a language asked of the articles of one
PAUSE = 0.02  # seconds in which the threads of the program before come to rest


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: texts in each round of indexing, and rounds."""

    texts: int
    indexing: int
    cold: int
    hot: int


QUICK, FULL = Size(100, 3, 2, 24), Size(400, 3, 5, 64)


@dataclass(slots=True)
class Measured:
    """What came of one program, a sample a round; ``problem`` is why there is no more."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    problem: str = ""

    def add(self, name: str, value: float) -> None:
        self.samples.setdefault(name, []).append(value)


class Field:
    """All programs, asked in turn. One that fails leaves, and the reason is kept."""

    def __init__(self, model: Path, root: Path) -> None:
        self.model, self.root = model, root
        self.found = {name: Measured() for name in PROGRAMS}
        self.running: dict[str, Program] = {}
        self.each(self._start, list(PROGRAMS))

    def _start(self, name: str) -> None:
        self.running[name] = Program(name, self.model)
        self.running[name].index(list(QUESTIONS), self.folder(name, "warm"))

    def folder(self, name: str, part: object) -> Path:
        return self.root / name / str(part)

    def each(self, act: Callable[[str], None], names: Sequence[str] = ()) -> None:
        """Do something with each program that is still there."""
        for name in names or list(self.running):
            try:
                act(name)
            except UnavailableError as error:
                self.found[name].problem = str(error)
                if stopped := self.running.pop(name, None):
                    stopped.close()

    def close(self) -> None:
        for program in self.running.values():
            program.close()

    def table(self, name: str, title: str, parts: Sequence[str], note: str, *, beside: bool = True) -> None:
        """Save a table of some measurements, with what each is times Askpress's where that says something."""
        columns, rows = ["program"], []
        for part in parts:
            columns += [part, "×"] if beside else [part]
        for program, measured in self.found.items():
            row: list[Cell] = [program]
            for part in parts:
                theirs, ours = (tuple(self.found[one].samples.get(part, ())) for one in (program, "Askpress"))
                row.append(theirs)
                if beside:
                    row.append(ratios(theirs, ours) if program != "Askpress" else "")
            if measured.samples:
                rows.append(tuple(row))
        missing = [
            f"{program} could not take part: {one.problem}" for program, one in self.found.items() if one.problem
        ]
        Table(name, title, tuple(columns), tuple(rows), " ".join([note, *missing])).save()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="more rounds, and larger")
    parser.add_argument("--eval", type=Path, help="a question set with articles in several languages, for quality")
    given = parser.parse_args()
    model = prepare(resolve("bundled"), load().cache_dir, silent, "sentence-transformers") / "source"
    with tempfile.TemporaryDirectory() as root:
        beside = Field(model, Path(root))
        try:
            _compare(beside, FULL if given.full else QUICK)
            _quality(beside, list(_sets(given.eval)))
        finally:
            beside.close()


def _compare(beside: Field, size: Size) -> None:
    _index(beside, size)
    _hot(beside, size)
    _cold(beside, size)
    times = ("cold question, ms", "hot question, ms", "its CPU, ms", "indexing, ms a text", "encoding, ms a text")
    note = f"Rounds: {size.cold} cold, {size.hot} hot, {size.indexing} of {size.texts} texts."
    beside.table("questions", "Time, and times Askpress's.", times, note)
    note = "The process is one that was started anew and asked once."
    beside.table("room", "Memory of a process, and disk for each text more.", ("memory, MB", "disk, kB a text"), note)


def _index(beside: Field, size: Size) -> None:
    made = texts(size.texts * size.indexing, sentences=4)
    for number in range(size.indexing):
        some = made[number * size.texts : (number + 1) * size.texts]

        def index(name: str, some: list[str] = some, number: int = number) -> None:
            seconds = beside.running[name].index(some, beside.folder(name, number))
            beside.found[name].add("indexing, ms a text", 1000 * seconds / len(some))
            seconds = beside.running[name].encode(some)
            beside.found[name].add("encoding, ms a text", 1000 * seconds / len(some))

        beside.each(index)

    def weigh(name: str) -> None:
        more = _bytes(beside.folder(name, 0)) - _bytes(beside.folder(name, "warm"))
        beside.found[name].add("disk, kB a text", more / (size.texts - len(QUESTIONS)) / 1000)

    beside.each(weigh)


def _hot(beside: Field, size: Size) -> None:
    """What a process uses of all cores is told too, the spinning of threads that wait for each other included."""
    for number in range(-3, size.hot):
        asked = question(number)

        def ask(name: str, asked: str = asked, number: int = number) -> None:
            time.sleep(PAUSE)
            program, used = beside.running[name], beside.running[name].cpu_seconds
            seconds, _ = program.ask(asked)
            if number >= 0:
                beside.found[name].add("hot question, ms", 1000 * seconds)
                beside.found[name].add("its CPU, ms", 1000 * (program.cpu_seconds - used))

        beside.each(ask)
    for measured in beside.found.values():
        if used := measured.samples.get("its CPU, ms"):  # the system counts in steps of 10 ms: only the mean tells
            measured.samples["its CPU, ms"] = [statistics.mean(used)]


def _cold(beside: Field, size: Size) -> None:
    """A new process each time: ``ask`` itself, and for the others their imports, the model and a first question."""

    def ask(name: str) -> None:
        folder, asked = beside.folder(name, 0), question(0)
        began = time.perf_counter()
        program = Program(name, beside.model)
        program.open(folder)
        program.ask(asked)
        seconds = time.perf_counter() - began
        beside.found[name].add("memory, MB", program.megabytes)
        program.close()
        if PROGRAMS[name] == "askpress":
            variables = os.environ | {"RAG_DATA_DIR": str(folder), "RAG_COLLECTION": "bench", "RAG_THRESHOLD": "0"}
            variables |= SETTINGS.get(name, {})
            began = time.perf_counter()
            subprocess.run([ASK, asked], env=variables, check=True, capture_output=True)
            seconds = time.perf_counter() - began
        beside.found[name].add("cold question, ms", 1000 * seconds)

    for _ in range(size.cold):
        beside.each(ask)


@dataclass(frozen=True, slots=True)
class Asked:
    """Texts, and for each set of questions about them: the question and the rows that answer it."""

    texts: list[str]
    questions: dict[str, list[tuple[str, set[int]]]]


def _quality(beside: Field, sets: list[Asked]) -> None:
    for number, one in enumerate(sets):

        def ask(name: str, one: Asked = one, number: int = number) -> None:
            program = beside.running[name]
            program.index(one.texts, beside.folder(name, f"quality-{number}"))
            for label, asked in one.questions.items():
                told = [program.ask(text) for text, _ in asked]
                right = [row[0] in rows for (_, row), (_, rows) in zip(told, asked, strict=True) if row]
                beside.found[name].add(label, sum(right) / len(asked))
                for seconds, _ in told:
                    beside.found[name].add(f"{label}: ms", 1000 * seconds)

        beside.each(ask)
    labels = [label for one in sets for label in one.questions]
    count = statistics.mean(len(asked) for one in sets for asked in one.questions.values())
    note = f"Questions to a column: {count:.0f}."
    beside.table(
        "quality", "Hit@1: the share of questions whose first text holds the answer.", labels, note, beside=False
    )
    title = "Milliseconds of those questions: median, and from the fastest to the slowest."
    beside.table("pace", title, [f"{label}: ms" for label in labels], "", beside=False)


def _sets(folder: Path | None) -> Iterator[Asked]:
    if folder is None:
        yield _press()
        return
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    spoken = [code for code in ("fr", "en", "vi", "zh") if any(row["lang"] == code for row in corpus)]
    for code in spoken:
        rows = [row for row in corpus if row["lang"] == code]
        numbers = {row["id"]: number for number, row in enumerate(rows)}
        questions = {}
        for language in spoken:
            asked = queries(folder, language=language, limit=SAMPLE)
            found = [(q.text, {numbers[name] for name in q.relevant & numbers.keys()}) for q in asked if q.answerable]
            questions[f"{language}→{code}"] = found
        yield Asked([row["text"] for row in rows], questions)


def _press() -> Asked:
    """The paragraphs of the invented press articles that nothing was fitted to, and what one of them answers."""
    corpus, queries = invented.rows()
    _, articles = invented.halves(corpus)
    kept = [row for row in corpus if row["article"] in articles]
    numbers = {row["id"]: number for number, row in enumerate(kept)}
    answered = [row for row in queries if row["answerable"] and row["source_paragraph"] in numbers]
    questions = {}
    for language in invented.LANGUAGES:
        asked = [(row["text"], {numbers[row["source_paragraph"]]}) for row in answered if row["lang"] == language]
        questions[f"press, asked in {language}"] = asked[:: -(-len(asked) // SAMPLE)]
    return Asked([row["text"] for row in kept], questions)


_NUMBERS = itertools.count()


def question(number: int) -> str:
    """Return a question that was not asked before."""
    return f"{QUESTIONS[number % len(QUESTIONS)]} ({next(_NUMBERS)})"


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
