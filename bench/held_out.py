"""Which articles of the question sets are kept from the reader (bench/reader.py), so that figures on them are honest.

- Of XQuAD those of odd numbers; ``bench.claims`` keeps the same ones apart.
- Of PIAF, and of the articles of ``bench.invented``, a quarter, by the MD5 of their titles.
- Of SQuAD those that are held out of XQuAD, which was made of SQuAD's articles; the ones it has not are the reader's.

``abstention-xquad`` and ``abstention-piaf-fr`` ask the questions of ``xquad`` and ``piaf-fr`` under the same ids.
``python -m bench.held_out SET DESTINATION`` writes a question set with only the questions about these articles, for
``rag calibrate`` and ``rag eval``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SETS = ("xquad", "piaf-fr", "squad2-dev")


def held_out(article: int) -> bool:
    """Whether an article of XQuAD, by its number, is kept from the reader."""
    return article % 2 == 1


def a_quarter(title: str) -> bool:
    """Whether an article of PIAF or one of ``bench.invented``, by its title, is kept from what is fitted."""
    return hashlib.md5(title.encode(), usedforsecurity=False).digest()[0] % 4 == 0


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_set(destination: Path, corpus: Sequence[Mapping[str, Any]], queries: Sequence[Mapping[str, Any]]) -> None:
    """Write a question set."""
    destination.mkdir(parents=True, exist_ok=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (destination / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def held_out_paragraphs(sets: Path) -> frozenset[str]:
    """Return the ids of the paragraphs of SETS, which are folders of ``sets``, whose articles are held out."""
    xquad, piaf, squad = (rows_of(sets / name / "corpus.jsonl") for name in SETS)
    titles = {row["title"] for row in xquad if held_out(int(row["article"]))}
    found = [row for row in (*xquad, *squad) if row["title"] in titles]
    return frozenset(row["id"] for row in (*found, *(row for row in piaf if a_quarter(row["title"]))))


def source_of(query: Mapping[str, Any]) -> str:
    """Return the id of the paragraph that a question was written for, also where it has no answer there."""
    return str(query.get("source_paragraph") or query["relevant"][0])


def write_held_out(folder: Path, destination: Path) -> int:
    """Copy a question set with only the questions about held-out articles; all its paragraphs stay. Return how many.

    SETS are looked for beside it. Raises SystemExit where it has none of their questions.
    """
    sets = folder.resolve().parent
    paragraphs = held_out_paragraphs(sets)
    names = {q["id"] for name in SETS for q in rows_of(sets / name / "queries.jsonl") if source_of(q) in paragraphs}
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["id"] in names]
    if not kept:
        raise SystemExit(f"{folder}: no question of {', '.join(SETS)} about an article that is held out")
    destination.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "corpus.jsonl", destination / "corpus.jsonl")
    (destination / "queries.jsonl").write_text("".join(kept), encoding="utf-8")
    return len(kept)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("python -m bench.held_out SET DESTINATION")
    print(write_held_out(Path(sys.argv[1]), Path(sys.argv[2])), "questions")
