"""Puts what was measured into docs/performance.md: a table a file of build/bench, kept in docs/performance.json.

Run by ``make bench-full``, or ``python -m bench.page``. What a run did not measure stays as it was.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bench.tables import BUILD, read

DOCS = Path(__file__).parent.parent / "docs"
PAGE, KEPT = DOCS / "performance.md", DOCS / "performance.json"
_PLACE = re.compile(r"(<!-- table (\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept |= {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(BUILD.glob("*.json"))}
    lines = (f"{json.dumps(name)}: {json.dumps(table, ensure_ascii=False)}" for name, table in sorted(kept.items()))
    KEPT.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), kept), encoding="utf-8")


def filled(page: str, kept: dict[str, Any]) -> str:
    """Return a page with each ``<!-- table NAME -->`` followed by that table, up to ``<!-- end -->``."""

    def table(place: re.Match[str]) -> str:
        found = kept.get(place[2])
        return place[1] + (read(found).markdown() if found else "Not measured yet.") + "\n"

    return _PLACE.sub(table, page)


if __name__ == "__main__":
    main()
