"""Puts what was measured into docs/performance.md: a table a file of build/bench, kept in docs/performance.json.

Run by ``make bench-full``, or ``python -m bench.page``. What a run did not measure stays as it was. The figures that
``bench.growth`` wrote to build/growth.json become a table first.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bench.tables import BUILD, Table, figure, read

DOCS = Path(__file__).parent.parent / "docs"
PAGE, KEPT = DOCS / "performance.md", DOCS / "performance.json"
GROWTH = Path("build/growth.json")
_PLACE = re.compile(r"(<!-- table (\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main() -> None:
    if GROWTH.exists():
        grown(json.loads(GROWTH.read_text(encoding="utf-8"))).save()
        GROWTH.unlink()
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept |= {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(BUILD.glob("*.json"))}
    lines = (f"{json.dumps(name)}: {json.dumps(table, ensure_ascii=False)}" for name, table in sorted(kept.items()))
    KEPT.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), kept), encoding="utf-8")


def grown(figures: list[dict[str, Any]]) -> Table:
    """Return what ``bench.growth`` tells of each size, a row a size."""
    stages = ("whole", "unread", "encode", "search", "rank", "read", "generate")
    named = ("passages", "whole", "nothing read", *stages[2:])
    columns = (*named, "first answer", "memory, MB", "of its own", "kB a passage", "recall@10")
    rows = []
    for told in figures:
        times = (told["stages"][stage] for stage in stages)
        numbers = (
            told["first answer"],
            told["memory"]["resident"] / 1e6,
            told["memory"]["own"] / 1e6,
            told["bytes"] / told["passages"] / 1e3,
            told["recall"]["their sum"],
        )
        spans = [f"{figure(time['p50'])} / {figure(time['p95'])}" for time in times]
        rows.append((f"{told['passages']:,}", *spans, *map(figure, numbers)))
    note = "Milliseconds of a hot question, p50 / p95. Recall is of the exact search's ten best passages."
    return Table("growth", "A question as a collection grows.", columns, tuple(rows), note)


def filled(page: str, kept: dict[str, Any]) -> str:
    """Return a page with each ``<!-- table NAME -->`` followed by that table, up to ``<!-- end -->``."""

    def table(place: re.Match[str]) -> str:
        found = kept.get(place[2])
        return place[1] + (read(found).markdown() if found else "Not measured yet.") + "\n"

    return _PLACE.sub(table, page)


if __name__ == "__main__":
    main()
