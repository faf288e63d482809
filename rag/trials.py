"""Runs question sets on throw-away collections: what ``rag eval`` and ``rag calibrate`` do."""

import gzip
import hashlib
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from rag.calibration import Calibration, calibrate, examples
from rag.engine import Engine
from rag.errors import QuestionSetError
from rag.evaluation import Outcome, measure, queries, run
from rag.generators import load as load_generator
from rag.opening import open_engine
from rag.protocols import Progress, silent
from rag.settings import Settings, Stage

RANKED = 100  # articles taken from each index, so that recall@20 and fusion see enough
KINDS = ("same", "across", "pool")


@dataclass(frozen=True, slots=True)
class Group:
    """The questions in one language asked of the articles in one, or of all where ``corpus`` is ``*``."""

    language: str
    corpus: str
    without: tuple[Stage, ...]
    outcomes: Sequence[Outcome]
    metrics: Mapping[str, float]

    @property
    def kind(self) -> str:
        """One of KINDS: asked of articles in the language of the question, in another, or of all of them."""
        return "pool" if self.corpus == "*" else KINDS[self.language != self.corpus]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was asked, as ``facts``, and what came of it, in groups."""

    facts: Mapping[str, object]
    groups: Sequence[Group]

    @property
    def table(self) -> dict[str, dict[str, float]]:
        """The metrics of each group, then the means over the groups of a kind where there are several."""
        rows = {_row(f"{group.language}->{group.corpus}", group.without): dict(group.metrics) for group in self.groups}
        for without in dict.fromkeys(group.without for group in self.groups):
            for kind in KINDS:
                alike = [group.metrics for group in self.groups if (group.kind, group.without) == (kind, without)]
                if len(alike) > 1:
                    rows[_row(kind, without)] = _means(alike)
        return rows


def _row(name: str, without: Sequence[Stage]) -> str:
    return name + "".join(f" without {stage}" for stage in without)


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric over the rows that have it, and the sum of their questions."""
    held = {name: [row[name] for row in rows if name in row] for name in dict.fromkeys(n for row in rows for n in row)}
    means = {name: round(sum(values) / len(values), 4) for name, values in held.items()}
    return means | {"questions": sum(held["questions"])}


def evaluate(
    settings: Settings,
    folder: Path,
    *,
    question_lang: str | None = None,
    corpus_lang: str | None = None,
    where: str | None = None,
    limit: int | None = None,
    distractors: Path | None = None,
    ablate: bool = False,
    progress: Progress = silent,
) -> Evaluation:
    """Ask the questions, have the generator that the settings name write the answers, and return what came of them.

    ``corpus_lang`` asks the articles of one language, or with ``each`` those of each language in turn; where there is
    only one, it is that. Raises QuestionSetError, GeneratorError.
    """
    asked = queries(folder, language=question_lang, where=where, limit=limit)
    if not asked:
        raise QuestionSetError("question_set_empty", path=folder)
    groups, generator = [], load_generator(settings, progress)
    with opened(settings, folder, distractors, progress) as engine:
        engine.generator = generator
        languages = {summary.id: summary.language for summary in engine.store.articles()}
        spoken = sorted(set(languages.values()))
        alone = corpus_lang is None and len(spoken) == 1
        corpora = spoken if corpus_lang == "each" or alone else [corpus_lang]
        variants = [(), *((stage,) for stage in get_args(Stage))] if ablate else [settings.without]
        for without in variants:
            engine.settings = replace(engine.settings, without=without)
            for corpus in corpora:
                known = frozenset(name for name, code in languages.items() if corpus in (None, code))
                filtered = None if spoken == [corpus] else corpus  # a filter that lets all through costs time
                outcomes = run(engine, asked, corpus_language=filtered, progress=progress)
                for language in sorted({query.language for query in asked}):
                    chosen = [outcome for outcome in outcomes if outcome.query.language == language]
                    metrics = measure(chosen, known, settings.threshold)
                    groups.append(Group(language, corpus or "*", without, chosen, metrics))
        facts = {
            "questions": folder.name, "where": where, "limit": limit, "distractors": distractors and distractors.name,
            "encoder": f"{engine.encoder.name} ({engine.encoder.fingerprint})",
            "passage_tokens": settings.passage_tokens, "candidates": RANKED, "threshold": settings.threshold,
            "model": generator.name, "unsupported": settings.unsupported,
            "articles": len(languages), "passages": engine.store.state().passages,
            "date": f"{datetime.now(UTC):%Y-%m-%d}", "platform": platform.platform(),
        }  # fmt: skip
    return Evaluation({name: value for name, value in facts.items() if value is not None}, groups)


def calibrate_on(
    settings: Settings, folders: Sequence[Path], *, limit: int | None = None, progress: Progress = silent
) -> Calibration:
    """Return coefficients fitted to question sets, each question asked of the articles of each language of its set."""
    found = []
    for folder in folders:
        asked = queries(folder, limit=limit)
        with opened(settings, folder, None, progress) as engine:
            engine.settings = replace(engine.settings, without=(*settings.without, "reader"))  # see examples
            for corpus in sorted(engine.store.state().languages):
                found += examples(engine, asked, corpus_language=corpus, progress=progress)
    return calibrate(found)


@contextmanager
def opened(settings: Settings, folder: Path, distractors: Path | None, progress: Progress) -> Iterator[Engine]:
    """Open the throw-away collection of a set, kept in the cache so that a second run encodes nothing."""
    corpora = [_corpus(folder), *([distractors] if distractors else [])]
    name = hashlib.sha256("\n".join(str(path.resolve()) for path in corpora).encode()).hexdigest()[:16]
    home = settings.cache_dir / "evaluation"
    asked = replace(settings, data_dir=home, collection=name, threshold=0.0, candidates=RANKED, top_k=RANKED)
    with open_engine(asked, create=True, progress=progress) as engine:
        for path in corpora:
            engine.sync(_plain(path, home), progress)
        yield engine


def _corpus(folder: Path) -> Path:
    for name in ("corpus.jsonl", "corpus.jsonl.gz"):
        if (folder / name).is_file():
            return folder / name
    raise QuestionSetError("question_set_missing", path=folder / "corpus.jsonl", reason="no such file")


def _plain(path: Path, home: Path) -> Path:
    """Return the path of a corpus that is not compressed."""
    if path.suffix != ".gz":
        return path
    target = home / f"{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}.jsonl"
    if not target.exists():
        home.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        with gzip.open(path) as source, partial.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        partial.rename(target)
    return target
