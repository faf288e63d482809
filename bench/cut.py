"""``python -m bench.cut SET DESTINATION`` writes a question set in which each article lacks a sentence that answered.

A collection that has an article on what is asked, and a sentence about the very thing, but not the answer, is what a
reader of the press meets most: "What is Viettel's share price?" Leaving out articles or paragraphs makes no such
questions. So of each paragraph one question is chosen, and the sentence with its answer is taken out, in all the
languages that the set has the paragraph in; the questions that it answered are unanswerable (``miss``: ``cut``).
SET is in the form that ``rag eval`` reads, its parallel questions sharing a ``qgroup``. Nothing of it is kept here.
"""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import claims
from bench.held_out import rows_of, write_set
from rag.types import Article

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Row = dict[str, Any]


def without_answer(row: Row, answers: Iterable[str]) -> str | None:
    """Return a paragraph without the sentence that has one of these answers first, or None where there is none."""
    article = Article(row["id"], "", row["text"], row["lang"])
    spans = [span for passage in claims.cut(article) for span in passage.sentences]
    for answer in answers:
        for span in spans:
            if answer in span.of(article.text):
                return f"{article.text[: span.start]}{article.text[span.stop :]}".strip() or None
    return None


def cut(corpus: Sequence[Row], queries: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the paragraphs and the questions of the new set."""
    texts = {row["id"]: row for row in corpus}
    parallel: dict[str, list[Row]] = defaultdict(list)
    for query in queries:
        parallel[str(query.get("qgroup", query["id"]))].append(query)
    asked: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for group, own in parallel.items():
        if own[0]["answerable"]:
            asked[tuple(own[0]["relevant"])].append(group)
    left: dict[str, str] = {}
    for paragraphs, groups in asked.items():
        chosen = min(groups, key=lambda group: hashlib.sha256(group.encode()).digest())
        found = {name: without_answer(texts[name], _answers(parallel[chosen], texts[name])) for name in paragraphs}
        left |= {name: text for name, text in found.items() if text and all(found.values())}
    kept = [one for own in parallel.values() for one in _judged(own, texts, left)]
    return [{**row, "text": left.get(row["id"], row["text"])} for row in corpus], kept


def _answers(parallel: Iterable[Row], paragraph: Row) -> list[str]:
    return [answer for query in parallel if query["lang"] == paragraph["lang"] for answer in query["answers"]]


def _judged(parallel: Sequence[Row], texts: Mapping[str, Row], left: Mapping[str, str]) -> list[Row]:
    """Return the same question in its languages: as it was where its answer stands in all of them, else without one.

    There is none where the answer was taken out in some languages only.
    """
    if not parallel[0]["answerable"]:
        return list(parallel)
    there = set()
    for name in parallel[0]["relevant"]:
        text, answers = left.get(name, texts[name]["text"]), _answers(parallel, texts[name])
        there.add(not answers or any(answer in text for answer in answers))
    if there == {True}:
        return list(parallel)
    return [{**query, "answerable": False, "miss": "cut"} for query in parallel] if there == {False} else []


def main() -> None:
    source, destination = map(Path, sys.argv[1:])
    corpus, queries = cut(rows_of(source / "corpus.jsonl"), rows_of(source / "queries.jsonl"))
    write_set(destination, corpus, queries)
    print(len(queries), "questions,", sum(query.get("miss") == "cut" for query in queries), "of them cut off")


if __name__ == "__main__":
    main()
