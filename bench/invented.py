"""Invented press articles in French, Vietnamese, Chinese and English, each with questions in all four, to fit to.

``bench/articles/*.txt`` were written for Askpress by a language model: people, companies, events and figures do not
exist. Some questions are answered by one sentence, others only look answered: they ask what is not told of somebody or
something that the paragraph names. ``===`` and a language begin an article, ``T`` its title, ``P`` a paragraph, which
has a sentence a line; then follow its questions, ``A 2`` of the second sentence and ``N`` of none, in the order of
LANGUAGES.

``python -m bench.invented DESTINATION`` writes question sets about a quarter of the articles, which no model is fitted
to, beside the paragraphs of all: ``invented-calibration``, for ``rag calibrate``, and, about every second of those
articles, ``invented``, which nothing is fitted to. With names of files after it, such as ``dispatches``, only the
articles in these are there.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.held_out import a_quarter, write_set
from rag.calibration import LOOKS_ANSWERED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FOLDER = Path(__file__).with_name("articles")
LANGUAGES = ("fr", "en", "vi", "zh")
SAMPLED = 17  # one question of so many is for calibration, in half the number of other sets; odd, so of all languages
_QUESTION = re.compile(r"(?:A (?P<sentence>\d+)|N) \| (?P<asked>.+)")


@dataclass(slots=True)
class Paragraph:
    """``asked`` holds, for each question, the sentence that answers it, or none, and the question in LANGUAGES.

    ``file`` is the name of its file, without the suffix.
    """

    file: str
    article: int
    language: str
    title: str
    sentences: list[str] = field(default_factory=list)
    asked: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return ("" if self.language == "zh" else " ").join(self.sentences)


def paragraphs() -> list[Paragraph]:
    """Return the paragraphs of all articles. Raises ValueError for a line that is out of place."""
    found: list[Paragraph] = []
    article, language, title = -1, "", ""
    for path in sorted(FOLDER.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("==="):
                article, language, title = article + 1, line.removeprefix("===").strip(), ""
            elif line.startswith("T "):
                title = line.removeprefix("T ")
            elif line == "P":
                found.append(Paragraph(path.stem, article, language, title))
            elif line:
                try:
                    _add(found[-1], line)
                except (IndexError, ValueError) as error:
                    raise ValueError(f"{path}:{number}: {error}") from error
    return found


def _add(paragraph: Paragraph, line: str) -> None:
    if not (question := _QUESTION.fullmatch(line)):
        paragraph.sentences.append(line)
        return
    asked = question["asked"].split(" | ")
    if len(asked) != len(LANGUAGES):
        raise ValueError(f"{len(asked)} questions, not {len(LANGUAGES)}")
    paragraph.asked.append((paragraph.sentences[int(question["sentence"]) - 1] if question["sentence"] else "", asked))


def rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the paragraphs and the questions, in the form that ``rag eval`` reads."""
    corpus: list[dict[str, Any]] = []
    queries: list[dict[str, Any]] = []
    for number, paragraph in enumerate(paragraphs()):
        name = f"invented-{number:04}"
        corpus.append(
            {
                "id": name,
                "lang": paragraph.language,
                "title": paragraph.title,
                "text": paragraph.text,
                "article": paragraph.article,
                "file": paragraph.file,
            }
        )
        queries += _queries(name, paragraph)
    return corpus, queries


def _queries(name: str, paragraph: Paragraph) -> Iterator[dict[str, Any]]:
    for number, (sentence, asked) in enumerate(paragraph.asked):
        for language, text in zip(LANGUAGES, asked, strict=True):
            yield {
                "id": f"{name}-{number}-{language}",
                "lang": language,
                "text": text,
                "answers": [sentence] if sentence else [],
                "relevant": [name] if sentence else [],
                "answerable": bool(sentence),
                "qgroup": f"{name}-{number}",
                "source_paragraph": name,
                **({} if sentence else {"miss": LOOKS_ANSWERED}),
            }


def halves(corpus: Iterable[Mapping[str, Any]]) -> tuple[list[int], list[int]]:
    """Return the numbers of the articles, of rows of paragraphs, of ``invented-calibration`` and of ``invented``."""
    ordered = sorted({row["article"] for row in corpus if a_quarter(row["title"])})
    return ordered[::2], ordered[1::2]


def main() -> None:
    destination, *files = sys.argv[1:]
    corpus, queries = rows()
    fitted, unfitted = halves(corpus)
    if unknown := {*files} - {row["file"] for row in corpus}:
        raise SystemExit(f"{FOLDER}: no {', '.join(sorted(unknown))}")
    corpus = [row for row in corpus if not files or row["file"] in files]
    articles = {row["id"]: row["article"] for row in corpus}
    for name, own, every in (("invented-calibration", fitted, SAMPLED), ("invented", unfitted, 1)):
        kept = [query for query in queries if articles.get(query["source_paragraph"]) in own][::every]
        write_set(Path(destination) / name, corpus, kept)
        unanswerable = sum(not query["answerable"] for query in kept)
        print(f"{name}: {len(kept)} questions, {unanswerable} of them without an answer")


if __name__ == "__main__":
    main()
