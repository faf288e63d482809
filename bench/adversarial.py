"""``python -m bench.adversarial SETS DESTINATION`` writes a question set of questions that only look answered.

For SQuAD 2.0 people wrote questions that a paragraph seems to answer and does not, as "When was GotIt founded?" of a
text that names its founder. Some of those paragraphs are XQuAD's, which are there in several languages: so the
questions of ``SETS/squad2-dev`` about them, with and without an answer, are asked of ``SETS/xquad`` in all of its
languages. Those without an answer have the ``miss`` ``adversarial``. Nothing of either set is kept here.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.held_out import rows_of, source_of, write_set
from rag.calibration import LOOKS_ANSWERED

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = dict[str, Any]


def adversarial(squad: Sequence[Row], queries: Sequence[Row], xquad: Sequence[Row]) -> list[Row]:
    """Return the questions about SQuAD's paragraphs that are XQuAD's too, to be asked of XQuAD's in any language."""
    told_in: dict[str, list[str]] = defaultdict(list)
    for row in xquad:
        told_in[row["group"]].append(row["id"])
    groups = {_plain(row): row["group"] for row in xquad if row["lang"] == "en"}
    known = {row["id"]: groups[_plain(row)] for row in squad if _plain(row) in groups}
    return [_asked(query, told_in[known[source_of(query)]]) for query in queries if source_of(query) in known]


def _plain(row: Row) -> str:
    return " ".join(row["text"].split())


def _asked(query: Row, paragraphs: list[str]) -> Row:
    if query["answerable"]:
        return {**query, "relevant": paragraphs}
    return {**query, "relevant": [], "miss": LOOKS_ANSWERED}


def main() -> None:
    sets, destination = map(Path, sys.argv[1:])
    squad, xquad = sets / "squad2-dev", sets / "xquad"
    corpus = rows_of(xquad / "corpus.jsonl")
    kept = adversarial(rows_of(squad / "corpus.jsonl"), rows_of(squad / "queries.jsonl"), corpus)
    write_set(destination, corpus, kept)
    print(len(kept), "questions,", sum(not query["answerable"] for query in kept), "of them without an answer")


if __name__ == "__main__":
    main()
