"""Which generator answers better (docs/models.md): F1, citations, unsupported sentences and seconds of each.

``python -m bench.generators [--model NAME] [FOLDER …]`` asks ``extractive`` and ``local`` the questions about one
paragraph in PART of each question set that is named, in the form that ``rag eval`` reads; where none is, those of
``bench/seeds.jsonl`` about the seed articles. What is retrieved is the same for all.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.corpus import seed_articles
from rag.evaluation import answer_metrics, citation_metrics
from rag.settings import load as load_settings
from rag.trials import KINDS, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Row = dict[str, Any]

QUESTIONS = Path(__file__).with_name("seeds.jsonl")
LANGUAGES = {"en", "fr", "vi", "zh"}
PART = 8
PATIENT = {"first_token_seconds": 600, "idle_seconds": 600, "answer_seconds": 900}  # a busy machine is no failure
COLUMNS = {"F1": "answer_f1", "recall": "answer_recall", "citation hit": "citation_hit", "declined": "declined",
           "unsupported before": "unsupported_before", "after": "unsupported_after", "fell back": "fallbacks",
           "seconds": "seconds_p50", "p95": "seconds_p95"}  # fmt: skip


def seeds() -> tuple[list[Row], list[Row]]:
    """Return the seed articles as the corpus of a question set, and the questions."""
    articles = [{"id": Path(a.origin).name, "title": a.title, "lang": "fr", "text": a.text} for a in seed_articles()]
    return articles, _rows(QUESTIONS)


def part(folder: Path) -> tuple[list[Row], list[Row]]:
    """Return one paragraph in PART of a question set, in Askpress's languages, and the questions about those."""
    corpus = [row for row in _rows(folder / "corpus.jsonl") if row["lang"] in LANGUAGES]
    groups = list(dict.fromkeys(row.get("group", row["id"]) for row in corpus))[::PART]
    kept = [row for row in corpus if row.get("group", row["id"]) in groups]
    known = {row["id"] for row in kept}
    asked = [row for row in _rows(folder / "queries.jsonl") if row["lang"] in LANGUAGES and known & {*row["relevant"]}]
    return kept, [row for row in asked if row.get("self_contained", True)]


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _write(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@click.command()
@click.option("--model", multiple=True, default=("extractive", "local"))
@click.option("--limit", default=40, help="Questions of a set; each is asked of the articles of each language.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
def main(model: Sequence[str], limit: int, folders: Sequence[Path]) -> None:
    sets = {folder.name: part(folder) for folder in folders} or {"seeds": seeds()}
    print("| set | question | n | generator |", " | ".join(COLUMNS), "|", flush=True)
    for name, (corpus, queries) in sets.items():
        settings = load_settings(**PATIENT)
        folder = settings.cache_dir / "evaluation" / f"part-{name}"  # its vectors are kept for the next run
        _write(folder / "corpus.jsonl", corpus)
        _write(folder / "queries.jsonl", queries)
        for generator in model:
            chosen = replace(settings, model=generator)
            groups = evaluate(chosen, folder, corpus_lang="each", limit=limit).groups
            for kind in KINDS:
                if outcomes := [outcome for group in groups if group.kind == kind for outcome in group.outcomes]:
                    found = answer_metrics(outcomes) | citation_metrics(outcomes)
                    row = [
                        name,
                        kind,
                        str(len(outcomes)),
                        generator,
                        *(f"{found[key]:.3f}" for key in COLUMNS.values()),
                    ]
                    print("|", " | ".join(row), "|", flush=True)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
