"""What a new question takes among real articles, and in which stage.

Run by ``python -m bench.latency SET``, a question set (docs/evaluation.md), with ``--distractors FILE`` for more
articles, in the collection that ``rag eval`` keeps of them and with the settings of users. No question is asked twice.
"""

from __future__ import annotations

import argparse
import random
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from bench.tables import Table
from rag.evaluation import queries
from rag.protocols import silent
from rag.settings import load
from rag.trials import opened
from rag.types import Filters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers import Answer
    from rag.evaluation import Query

KINDS = ("all articles", "those in its language", "those in another")
STAGES = ("encode", "search", "rank", "read", "focus", "generate")
WARM = 30  # questions, which are not measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", type=Path)
    parser.add_argument("--distractors", type=Path)
    parser.add_argument("--questions", type=int, default=300, help="of each kind")
    given = parser.parse_args()
    settings, rows = load(), []
    with opened(settings, given.set, given.distractors, silent) as engine:
        engine.settings = settings
        state = engine.store.state()
        asked = queries(given.set)
        random.Random(7).shuffle(asked)
        for query in asked[:WARM]:
            engine.ask(query.text)
        del asked[:WARM]
        for kind in KINDS if len(state.languages) > 1 else KINDS[:1]:
            some, asked = asked[: given.questions], asked[given.questions :]
            answers = [
                engine.ask(query.text, filters=_among(kind, query, number, sorted(state.languages)))
                for number, query in enumerate(some)
            ]
            rows.append((kind, *_row(answers)))
    columns = ("asked of", "p50, ms", "p95", "mean", "read, share", *STAGES)
    note = f"{given.questions} questions of each kind that were not asked before; p50 of each stage."
    Table("latency", f"A question of {state.passages:,} passages.", columns, tuple(rows), note).save()


def _among(kind: str, query: Query, number: int, languages: Sequence[str]) -> Filters:
    """Return which articles a question is asked of, those of the other languages in turn."""
    if kind == KINDS[0]:
        return Filters()
    if kind == KINDS[1]:
        return Filters(languages=(query.language,))
    others = [language for language in languages if language != query.language]
    return Filters(languages=(others[number % len(others)],))


def _row(answers: Sequence[Answer]) -> list[str]:
    times = [answer.timings["total"] for answer in answers]
    # A window takes ten times as long as to see that none is needed.
    read = statistics.mean(answer.timings.get("read", 0.0) > 1 for answer in answers)
    stages = [statistics.median(answer.timings.get(stage, 0.0) for answer in answers) for stage in STAGES]
    whole = (statistics.median(times), statistics.quantiles(times, n=20)[-1], statistics.mean(times))
    return [*(f"{value:.1f}" for value in whole), f"{read:.2f}", *(f"{value:.1f}" for value in stages)]


if __name__ == "__main__":
    main()
