"""Runs question sets on throw-away collections: what ``rag eval`` and ``rag calibrate`` do."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, get_args

from rag.calibration import Calibration, calibrate, examples
from rag.engine import Engine, open_engine
from rag.errors import QuestionSetError
from rag.evaluation import measure, queries, run
from rag.protocols import Progress, silent
from rag.settings import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag.settings import Settings

RANKED = 100  # articles taken from each index, so that recall@20 and fusion see enough


def evaluate(
    settings: Settings,
    folder: Path,
    *,
    question_lang: str | None = None,
    corpus_lang: str | None = None,
    limit: int | None = None,
    distractors: Path | None = None,
    ablate: bool = False,
    progress: Progress = silent,
) -> dict[str, dict[str, float]]:
    """Return the metrics by row: the language of the questions, and of the articles where they are taken apart.

    ``corpus_lang`` asks the articles of one language, or with ``each`` those of each language in turn. Raises
    QuestionSetError.
    """
    asked = queries(folder, language=question_lang, limit=limit)
    if not asked:
        raise QuestionSetError("question_set_empty", path=folder)
    table = {}
    with _collection(settings, folder, distractors, progress) as engine:
        languages = {summary.id: summary.language for summary in engine.store.articles()}
        corpora = sorted(set(languages.values())) if corpus_lang == "each" else [corpus_lang]
        variants = [(), *((stage,) for stage in get_args(Stage))] if ablate else [settings.without]
        for without in variants:
            engine.settings = engine.settings.model_copy(update={"without": without})
            for corpus in corpora:
                known = frozenset(name for name, code in languages.items() if corpus in (None, code))
                outcomes = run(engine, asked, corpus_language=corpus, progress=progress)
                for language in sorted({query.language for query in asked}):
                    chosen = [outcome for outcome in outcomes if outcome.query.language == language]
                    row = f"{language}->{corpus or '*'}" + "".join(f" without {stage}" for stage in without)
                    table[row] = measure(chosen, known, settings.threshold)
    return table


def calibrate_on(
    settings: Settings, folder: Path, *, limit: int | None = None, progress: Progress = silent
) -> Calibration:
    """Return coefficients fitted to a question set, each question asked of the articles of each language."""
    asked = queries(folder, limit=limit)
    with _collection(settings, folder, None, progress) as engine:
        corpora = sorted(engine.store.state().languages)
        found = [e for corpus in corpora for e in examples(engine, asked, corpus_language=corpus, progress=progress)]
    return calibrate(found)


@contextmanager
def _collection(settings: Settings, folder: Path, distractors: Path | None, progress: Progress) -> Iterator[Engine]:
    """Open the throw-away collection of a set, kept in the cache so that a second run encodes nothing."""
    corpora = [_corpus(folder), *([distractors] if distractors else [])]
    name = hashlib.sha256("\n".join(str(path.resolve()) for path in corpora).encode()).hexdigest()[:16]
    home = settings.cache_dir / "evaluation"
    changed = {"data_dir": home, "collection": name, "threshold": 0.0, "candidates": RANKED, "top_k": RANKED}
    with open_engine(settings.model_copy(update=changed), create=True, progress=progress) as engine:
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
