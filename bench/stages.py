"""Where a question's time and an article's go: each stage of Askpress alone, in one process.

Run by ``make bench``; a number after it is that of the articles. They are synthetic, of four sentences each.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from bench.corpus import texts
from bench.questions import question
from bench.tables import Cell, Table
from rag.articles import read
from rag.languages import detect
from rag.opening import open_engine
from rag.settings import load
from rag.store.generation import Generation
from rag.types import Article

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.engine import Engine

ARTICLES, QUESTIONS, BATCH = 200, 100, 50


class Stopwatch:
    """Adds up the milliseconds that calls take, by name."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                self.spent[name] = self.spent.get(name, 0.0) + 1000 * (time.perf_counter() - began)

        return timed


def main(articles: int = ARTICLES) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "articles.jsonl"
        lines = (json.dumps({"id": str(n), "text": text}) for n, text in enumerate(texts(articles, sentences=4)))
        path.write_text("\n".join(lines), encoding="utf-8")
        with open_engine(load(data_dir=Path(folder), collection="bench", threshold=0.0), create=True) as engine:
            _ingest(engine, path)
            _ask(engine)


def _ingest(engine: Engine, path: Path) -> None:
    """Take articles in a batch a round, as the indexer does; one transaction each, one snapshot at the end."""
    found = [one for one in read(path, detect=detect) if isinstance(one, Article)]
    watch, indexer = Stopwatch(), engine.indexer()
    encode, count = engine.encoder.encode_passages, engine.encoder.count_tokens
    rounds: list[dict[str, float]] = []
    tokens = sum(count([article.text for article in found]))
    for start in range(0, len(found), BATCH):
        batch, watch.spent = found[start : start + BATCH], {}
        watch.timed("read", lambda: list(read(path, detect=detect)))()
        with (
            patch.object(type(engine.encoder), "count_tokens", staticmethod(watch.timed("tokenise", count))),
            patch.object(type(engine.encoder), "encode_passages", staticmethod(watch.timed("encode", encode))),
        ):
            entries = watch.timed("entries", indexer.entries)(batch)
        watch.timed("store", engine.store.put)(entries)
        watch.spent["read"] *= len(batch) / len(found)
        inside = watch.spent["tokenise"] + watch.spent["encode"]
        watch.spent["segment"] = watch.spent.pop("entries") - inside
        rounds.append({stage: spent / len(batch) for stage, spent in watch.spent.items()})
    watch.timed("snapshot", engine.store.snapshot)()
    for one in rounds:
        one["snapshot"] = watch.spent["snapshot"] / len(found)
    totals = [sum(one.values()) for one in rounds]
    rows: list[tuple[Cell, ...]] = []
    for stage in ("read", "segment", "tokenise", "encode", "store", "snapshot"):
        spent = tuple(one[stage] for one in rounds)
        share = tuple(100 * one[stage] / total for one, total in zip(rounds, totals, strict=True))
        rate = tuple(tokens / len(found) / one[stage] * 1000 for one in rounds)
        rows.append((stage, spent, share, rate))
    rate = tuple(tokens / len(found) / total * 1000 for total in totals)
    rows.append(("all", tuple(totals), "", rate))
    note = (
        f"{len(found)} articles of one passage of {tokens / len(found):.0f} tokens; passages and sentences are encoded."
    )
    Table(
        "ingest", "An article by stage.", ("stage", "ms an article", "%", "its tokens a second"), tuple(rows), note
    ).save()


def _ask(engine: Engine) -> None:
    watch, rounds = Stopwatch(), []
    nearest, matching = Generation.nearest, Generation.matching
    with (
        patch.object(Generation, "nearest", watch.timed("dense", nearest)),
        patch.object(Generation, "matching", watch.timed("lexical", matching)),
    ):
        for number in range(-5, QUESTIONS):
            watch.spent = {}
            timings = dict(engine.ask(question(number)).timings)
            total, search = timings.pop("total"), timings.pop("search")
            rest = search - watch.spent["dense"] - watch.spent.get("lexical", 0.0)
            if number >= 0:
                rounds.append({**timings, **watch.spent, "reading candidates": rest, "all": total})
    stages = ("encode", "dense", "lexical", "reading candidates", "rank", "focus", "read", "generate", "all")
    samples = {stage: tuple(one.get(stage, 0.0) for one in rounds) for stage in stages}
    shares = {
        stage: tuple(100 * a / b for a, b in zip(samples[stage], samples["all"], strict=True)) for stage in stages
    }
    rows = tuple((stage, samples[stage], shares[stage]) for stage in stages)
    note = f"{QUESTIONS} questions that were not asked before, of {engine.store.state().passages} passages."
    Table("stages", "A hot question by stage.", ("stage", "ms", "%"), rows, note).save()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
