"""What the reader (bench/reader.py) is fitted to: questions beside windows of paragraphs, claims beside sentences."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import invented
from bench.claims import cut
from bench.held_out import SETS, a_quarter, held_out_paragraphs, rows_of, source_of
from bench.keyboard import as_typed
from rag.encoders.bundled import PROMPTS
from rag.encoders.reader import ASKED, BEYOND, END, FIRST, TITLE, around
from rag.spelling import as_spelled
from rag.types import Article

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.claims import Case, Texts
    from rag.encoders.bias import Kind
    from rag.types import Span

    Encode = Callable[[Sequence[str], Kind], NDArray[np.float32]]
    Token = tuple[int, int, int]  # an id, and where the token starts and stops in its text

LANGUAGES = ("en", "vi", "zh", "de", "es")  # of XQuAD's
TYPED = 0.2  # of questions are read as somebody may type them


@dataclass(frozen=True, slots=True, eq=False)
class Paragraph:
    """``title`` is token ids. ``spans``, ``sentences`` and ``vectors``, float32, are of its sentences."""

    article: str
    language: str
    text: str
    title: list[int]
    spans: list[Span]
    sentences: list[list[Token]]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """``typed`` are the tokens of the question as somebody may type it (``bench.keyboard``).

    ``beside`` gives the tokens of the question, or of what is typed, with names as a paragraph spells them, as they are
    read beside it.

    ``near`` holds, by language, the paragraphs that resemble the question most and were not written for it.

    ``told_in`` are the paragraphs that answer it, with where the answer stands, or None where it is not found in these
    words; where there are none, ``source`` is the one that the question was written to look answered by.
    """

    language: str
    tokens: list[int]
    typed: list[int]
    beside: Callable[[Paragraph, bool], list[int]]
    vector: NDArray[np.float32]
    source: Paragraph
    told_in: Mapping[Paragraph, tuple[int, int] | None]
    near: Mapping[str, Sequence[Paragraph]]
    held_out: bool

    def nearest_in(self, paragraph: Paragraph) -> int:
        """Return the place of the sentence that is nearest to the question."""
        return int((paragraph.vectors @ self.vector).argmax())

    def answered_at(self, paragraph: Paragraph) -> int:
        """Return the place of the sentence with the answer, or of the nearest where it is not found in these words."""
        answer = self.told_in[paragraph]
        holds = [n for n, span in enumerate(paragraph.spans) if answer and span.start <= answer[0] < span.stop]
        return holds[0] if holds else self.nearest_in(paragraph)


@dataclass(frozen=True, slots=True)
class Item:
    """A question with one paragraph that answers it, or none, and some of the same language that do not."""

    question: Question
    answered_by: Paragraph | None
    others: Sequence[Paragraph]

    @property
    def pair(self) -> str:
        return "same" if self.question.language == self.others[0].language else "across"


@dataclass(frozen=True, slots=True)
class Claim:
    """A case of ``bench.claims`` with the sentences it is put to, and the place of the one that is nearest to it."""

    case: Case
    tokens: list[int]
    sentences: list[list[int]]
    nearest: int


@dataclass(frozen=True, slots=True)
class Row:
    """What the reader sees, what it should say, and the first and last token of the answer where that is seen."""

    tokens: list[int]
    yes: bool
    answer: tuple[int, int] | None = None


class Reading:
    """Reads sets and claims with a ``tokenizers.Tokenizer``, and with what makes texts of a kind into unit vectors."""

    def __init__(self, tokenizer: Any, encode: Encode) -> None:
        self._tokenizer = tokenizer
        self._encode = encode

    def _ids(self, texts: Sequence[str], prompt: str = "", most: int | None = None) -> list[list[int]]:
        """Return the token ids of the prompt and, ``most`` at most, those of each text."""
        before, *found = [e.ids for e in self._tokenizer.encode_batch([prompt, *texts], add_special_tokens=False)]
        return [[*before, *ids[:most]] for ids in found]

    def questions(self, sets: Path) -> list[Question]:
        """Return the questions of SETS, folders of ``sets``: of XQuAD in LANGUAGES, of PIAF what stands alone.

        With those of ``bench.invented``.
        """
        known = [tuple(rows_of(sets / name / f"{part}.jsonl") for part in ("corpus", "queries")) for name in SETS]
        made = invented.rows()
        apart = held_out_paragraphs(sets) | {row["id"] for row in made[0] if a_quarter(row["title"])}
        return [question for corpus, queries in (*known, made) for question in self._set(corpus, queries, apart)]

    def _set(
        self, corpus: Sequence[Mapping[str, Any]], queries: Sequence[Mapping[str, Any]], apart: Collection[str]
    ) -> list[Question]:
        corpus = [row for row in corpus if row["lang"] in (*LANGUAGES, "fr")]
        paragraphs = {row["id"]: found for row, found in zip(corpus, self._paragraphs(corpus), strict=True)}
        asked = [row for row in queries if row["lang"] in (*LANGUAGES, "fr") and row.get("self_contained", True)]
        answers: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in asked:
            answers[row.get("qgroup", row["id"]), row["lang"]] += row["answers"]
        vectors = self._encode([row["text"] for row in asked], "query")
        nearest = _nearest(asked, vectors, paragraphs, self._encode([row["text"] for row in corpus], "passage"))
        chance = random.Random(0)
        texts = [(row["text"], as_typed(row["text"], row["lang"], chance)) for row in asked]
        tokens, typed = (self._asked(way) for way in zip(*texts, strict=True))
        found = []
        for number, row in enumerate(asked):
            relevant = [paragraphs[name] for name in row["relevant"] if name in paragraphs]
            own = {p: _stands(answers[row.get("qgroup", row["id"]), p.language], p.text) for p in relevant}
            source = source_of(row)
            found.append(
                Question(
                    language=row["lang"],
                    tokens=tokens[number],
                    typed=typed[number],
                    beside=partial(self._beside, texts[number]),
                    vector=vectors[number],
                    source=paragraphs[source],
                    told_in=own,
                    near=nearest[number],
                    held_out=source in apart,
                )
            )
        return found

    def _asked(self, texts: Sequence[str]) -> list[list[int]]:
        return self._ids(texts, PROMPTS["query"], ASKED["question"])

    def _beside(self, ways: tuple[str, str], paragraph: Paragraph, typed: bool) -> list[int]:
        return self._asked([as_spelled(ways[typed], [f"{paragraph.article}\n{paragraph.text}"])])[0]

    def _paragraphs(self, rows: Sequence[Mapping[str, Any]]) -> list[Paragraph]:
        spans = [
            [s for p in cut(Article(row["id"], "", row["text"], row["lang"])) for s in p.sentences] for row in rows
        ]
        vectors = self._encode(
            [s.of(row["text"]) for row, own in zip(rows, spans, strict=True) for s in own], "passage"
        )
        parts = np.split(vectors, np.cumsum([len(own) for own in spans])[:-1])
        titles = self._ids([row["title"].replace("_", " ") for row in rows], most=TITLE)
        return [
            Paragraph(row["title"], row["lang"], row["text"], title, own, self._sentences(row["text"], own), part)
            for row, own, title, part in zip(rows, spans, titles, parts, strict=True)
        ]

    def _sentences(self, text: str, spans: Sequence[Span]) -> list[list[Token]]:
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        tokens = [(name, *place) for name, place in zip(encoded.ids, encoded.offsets, strict=True)]
        return [[token for token in tokens if token[2] > span.start and token[1] < span.stop] for span in spans]

    def claims(self, texts: Texts, cases: Sequence[Case]) -> list[Claim]:
        passages = {key: (a.text, [s for p in cut(a) for s in p.sentences]) for key, a in texts.passages.items()}
        said = list(dict.fromkeys(case.text for case in cases))
        parts = list(dict.fromkeys(span.of(text) for text, spans in passages.values() for span in spans))
        vectors = dict(zip((*said, *parts), self._encode([*said, *parts], "passage"), strict=True))
        tokens = dict(zip(said, self._ids(said, PROMPTS["passage"], ASKED["claim"]), strict=True))
        sentences = {
            key: [[token[0] for token in sentence] for sentence in self._sentences(text, spans)]
            for key, (text, spans) in passages.items()
        }
        found = []
        for case in cases:
            key = (case.source, case.group, case.quoted)
            text, spans = passages[key]
            alike = np.array([vectors[span.of(text)] for span in spans]) @ vectors[case.text]
            found.append(Claim(case, tokens[case.text], sentences[key], int(alike.argmax())))
        return found


def _stands(answers: Iterable[str], text: str) -> tuple[int, int] | None:
    """Return where the first answer that is in a text stands there."""
    return next(((at, at + len(answer)) for answer in answers if answer and (at := text.find(answer)) >= 0), None)


def _nearest(
    asked: Sequence[Mapping[str, Any]],
    vectors: NDArray[np.float32],
    paragraphs: Mapping[str, Paragraph],
    passage_vectors: NDArray[np.float32],
) -> list[dict[str, list[Paragraph]]]:
    """Return, for each question and language, ten paragraphs: the nearest five, and five of other articles, if near."""
    names = list(paragraphs)
    found: list[dict[str, list[Paragraph]]] = [{} for _ in asked]
    for language in {paragraph.language for paragraph in paragraphs.values()}:
        pool = [place for place, name in enumerate(names) if paragraphs[name].language == language]
        for row, scores, near in zip(asked, vectors @ passage_vectors[pool].T, found, strict=True):
            ranked = [names[pool[place]] for place in np.argsort(-scores)[:24]]
            kept = [paragraphs[name] for name in ranked if name not in (*row["relevant"], source_of(row))]
            article = paragraphs[source_of(row)].article
            elsewhere = [paragraph for paragraph in kept[5:] if paragraph.article != article]
            near[language] = list(dict.fromkeys([*kept[:5], *elsewhere[:5], *kept[5:]]))[:10]
    return found


def items_of(question: Question, chance: random.Random) -> list[Item]:
    """Return a question with paragraphs of three languages, where there are as many, each with some that are near.

    Raises ValueError where fewer than six are near, as in a small set.
    """
    if not question.told_in:
        near = question.near[question.source.language]
        return [Item(question, None, [question.source, *chance.sample(near[:6], 1)])]
    chosen = chance.sample(list(question.told_in), min(3, len(question.told_in)))
    return [
        Item(question, paragraph, chance.sample(near[:5], 2) + chance.sample(near[5:], 1))
        for paragraph in chosen
        for near in [question.near[paragraph.language]]
    ]


def question_rows(item: Item, chance: random.Random) -> list[Row]:
    """Return the row that holds the answer, first, and those that do not.

    Where the sentence that is nearest to the question is not the one that answers, the window around it is a row too,
    if the answer is not in it. A window has room for 32 to 128 tokens, and seven times of ten the title.
    """
    rows = []
    typed = chance.random() < TYPED
    for paragraph in ([item.answered_by] if item.answered_by else []) + [*item.others]:
        titled, room = chance.random() < 0.7, chance.choice((32, 64, 64, 96, 96, 96, 128))
        nearest = item.question.nearest_in(paragraph)
        asked = item.question.beside(paragraph, typed)
        if paragraph is not item.answered_by:
            rows.append(_row(asked, paragraph, nearest, room, titled))
        elif answer := item.question.told_in[paragraph]:
            right = item.question.answered_at(paragraph)
            rows.append(_row(asked, paragraph, right, room, titled, answer=answer, yes=True))
            missed = _row(asked, paragraph, nearest, room, titled, answer=answer)
            if nearest != right and not missed.answer:
                rows.append(missed)
    return rows


def _row(
    asked: Sequence[int],
    paragraph: Paragraph,
    centre: int,
    room: int,
    titled: bool,
    *,
    answer: tuple[int, int] | None = None,
    yes: bool = False,
) -> Row:
    sentences = paragraph.sentences
    first, last = around(centre, len(sentences), room, lambda place: len(sentences[place]))
    seen = [token for sentence in sentences[first : last + 1] for token in sentence][: room + BEYOND]
    head = [FIRST, *asked, END, END, *([*paragraph.title, END] if titled else [])]
    begin, end = answer or (0, 0)
    held = [place for place, (_, start, stop) in enumerate(seen, len(head)) if stop > begin and start < end]
    return Row([*head, *(token[0] for token in seen), END], yes, (held[0], held[-1]) if held else None)


def claim_row(claim: Claim, width: int, before: int) -> Row:
    """Return a claim with ``width`` sentences, the nearest to it having ``before`` of them before it where it can."""
    start = max(0, min(claim.nearest - before, len(claim.sentences) - width))
    evidence = [token for sentence in claim.sentences[start : start + width] for token in sentence]
    tokens = [FIRST, *claim.tokens, END, END, *evidence[:320], END]
    return Row(tokens, claim.case.kind == "true")


def drawn_claim_row(claim: Claim, chance: random.Random) -> Row:
    width = chance.choice((1, 1, 1, 2, 3))
    return claim_row(claim, width, chance.randrange(width))
