"""Fits the bundled encoder to questions and the passages and sentences that answer them.

``python -m bench.encoder SETS --output rag/encoders/encoder.npz`` fits it, and prints hit@1 on what bench/held_out.py
keeps apart, before and after. It wants a GPU. SETS are those of ``bench.reader``; nothing of them is kept. ``--begin
FILE`` starts from additions that were fitted before, and writes what lies halfway between them and those that are
fitted now.

What is fitted are the additions of ``rag.encoders.additions``, the same for questions and passages. A question's vector
is drawn to those of the passage that answers it, in any language that it is told in, and of the sentence with the
answer, and away from those of the other questions of its batch and of passages that resemble it (InfoNCE: van den Oord
et al., "Representation Learning with Contrastive Predictive Coding", 2018). All are held near to where they were, so
that texts of other kinds keep their places. What lies halfway finds nearly all that the fit finds, and loses little of
what was found before (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
"""

from __future__ import annotations

import argparse
import random
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bench import invented
from bench.lora import READ, Descent, adapt, additions_of, begin, halfway, stored, unadapted
from bench.packed import Packed
from bench.reader_rows import LANGUAGES, TYPED, Question, Reading
from rag.encoders import additions
from rag.encoders.bundled import PROMPTS
from rag.encoders.onnx import by_length
from rag.encoders.reader import END, FIRST
from rag.encoders.transformer import encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Row = list[int]

RATE = 2e-4
TEMPERATURE = 0.01  # as e5 was trained with (Wang et al., "Multilingual E5 Text Embeddings", 2024)
HELD = 2.0  # weight of how far vectors have moved, 1 - cosine
QUESTIONS, NEAR = 160, 3  # in a batch, and passages that resemble each of them
STEPS = 750
LONGEST = 288  # tokens read where it is fitted
MOST = 512  # tokens that the model reads


class Encoder(nn.Module):  # type: ignore[misc] # torch is not followed by the type checker
    """A BertModel, which is changed by it, as an encoder: the mean of its states, of length 1."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = adapt(transformer)

    def forward(self, rows: Sequence[Row]) -> Any:
        """Return unit vectors of shape (rows, dimension)."""
        packed = Packed(rows, self.transformer.device)
        return packed.means(packed.states(self.transformer))

    def weights(self) -> dict[str, NDArray[np.float16]]:
        return stored(additions_of(self.transformer))

    @torch.no_grad()  # type: ignore[untyped-decorator] # as above
    def read(self, rows: Sequence[Row]) -> Any:
        """Return the vectors of any number of rows."""
        order = list(by_length([len(row) for row in rows], READ))
        made = torch.cat([self([rows[place] for place in part]) for part in order])
        return made[torch.tensor([place for part in order for place in part], device=made.device).argsort()]


class Rows:
    """The token ids of what is read: questions, paragraphs under their titles, and sentences."""

    def __init__(self, questions: Sequence[Question], tokenizer: Any) -> None:
        self._prompt = tokenizer.encode(PROMPTS["passage"], add_special_tokens=False).ids
        self.questions = [[FIRST, *question.tokens, END] for question in questions]
        self.typed = [[FIRST, *question.typed, END] for question in questions]
        seen = [p for q in questions for p in (q.source, *q.told_in, *(p for near in q.near.values() for p in near))]
        self.known = list(dict.fromkeys(seen))
        self.place = {paragraph: place for place, paragraph in enumerate(self.known)}
        self.paragraphs = [
            self._row([*paragraph.title, *(token[0] for sentence in paragraph.sentences for token in sentence)])
            for paragraph in self.known
        ]
        self.sentences = [self._row([token[0] for token in s]) for p in self.known for s in p.sentences]
        self.starts = np.cumsum([0, *(len(paragraph.sentences) for paragraph in self.known)]).tolist()

    def _row(self, tokens: Row) -> Row:
        return [FIRST, *self._prompt, *tokens, END][:MOST]


def drawn(
    questions: Sequence[Question], rows: Rows, chance: random.Random
) -> tuple[list[int], list[int], NDArray[np.bool_]]:
    """Return the paragraphs and the sentences of a batch, and which paragraphs answer a question without being its own.

    The first are those that answer, in the order of the questions, the others those that resemble them.
    """
    own = [chance.choice(list(question.told_in)) for question in questions]
    paragraphs, sentences = [], []
    for question, paragraph in zip(questions, own, strict=True):
        paragraphs.append(paragraph)
        sentences.append(question.answered_at(paragraph))
    for question, paragraph in zip(questions, own, strict=True):
        for other in chance.sample(question.near[paragraph.language], NEAR):
            paragraphs.append(other)
            sentences.append(question.nearest_in(other))
    answered = [
        [p in q.told_in and n != own_place for n, p in enumerate(paragraphs)] for own_place, q in enumerate(questions)
    ]
    places = [rows.place[paragraph] for paragraph in paragraphs]
    return places, [rows.starts[place] + n for place, n in zip(places, sentences, strict=True)], np.array(answered)


def fit(
    encoder: Encoder, questions: Sequence[Question], rows: Rows, held: Sequence[Any], steps: int
) -> Iterator[float]:
    """Yield the mean loss of each epoch. ``held`` are the vectors of ``rows``, in its order, that all stay near to.

    Half of a batch is of the question sets: the invented articles have more questions than these, and are more alike.
    What is read as somebody may type it stays near to the question as it is written.
    """
    chance = random.Random(0)
    press = {row["title"] for row in invented.rows()[0]}
    descent = Descent(encoder, RATE, steps)
    usable = [n for n, question in enumerate(questions) if question.told_in and not question.held_out]
    of_sets = [n for n in usable if questions[n].source.article not in press]
    half = min(len(of_sets), QUESTIONS // 2)
    rest = QUESTIONS - half
    order: list[int] = []
    losses: list[Any] = []
    encoder.train()
    for _ in range(steps):
        if len(order) < min(rest, len(usable)):
            if losses:
                yield float(torch.stack(losses).mean())
            order, losses = chance.sample(usable, len(usable)), []
        chosen, order = chance.sample(of_sets, half) + order[:rest], order[rest:]
        paragraphs, sentences, answered = drawn([questions[n] for n in chosen], rows, chance)
        read = (
            [(rows.typed if chance.random() < TYPED else rows.questions)[n] for n in chosen],
            [rows.paragraphs[n] for n in paragraphs],
            [rows.sentences[n] for n in sentences],
        )
        near = [then[own] for then, own in zip(held, (chosen, paragraphs, sentences), strict=True)]
        losses.append(descent.step(loss_of(encoder, read, near, answered)))
    yield float(torch.stack(losses).mean())
    encoder.eval()


def loss_of(encoder: Encoder, read: Sequence[Sequence[Row]], held: Sequence[Any], answered: NDArray[np.bool_]) -> Any:
    """InfoNCE by paragraphs, by sentences and by both, as the score of a passage is made, and how far all moved.

    ``read`` are the questions, the paragraphs and the sentences; ``held`` the vectors that they should stay near to.
    """
    sizes = [len(part) for part in read]
    asked, told, said = vectors = encoder([row[:LONGEST] for part in read for row in part]).split(sizes)
    right = torch.arange(len(asked), device=asked.device)
    masked = torch.from_numpy(answered).to(asked.device)
    loss = sum(
        cross_entropy((asked @ other.T / TEMPERATURE).masked_fill(masked, -1e4), right)
        for other in (told, said, (told + said) / 2)
    )
    moved = sum((1 - (now * then).sum(1)).mean() for now, then in zip(vectors, held, strict=True))
    return loss + HELD * moved


def measured(encoder: Encoder, questions: Sequence[Question], rows: Rows) -> Iterator[str]:
    """Yield hit@1 of questions held out, by passage and best sentence, among the paragraphs of each language."""
    asked = encoder.read(rows.questions)
    told, said = encoder.read(rows.paragraphs), encoder.read(rows.sentences)
    owner = torch.tensor(np.repeat(np.arange(len(rows.known)), np.diff(rows.starts)), device=said.device)
    best = torch.full((len(asked), len(told)), -2.0, device=said.device)
    best.scatter_reduce_(1, owner.expand(len(asked), -1), asked @ said.T, "amax")
    scores = (asked @ told.T + best).cpu().numpy()
    hits: dict[str, list[bool]] = {"same": [], "across": []}
    for language in (*LANGUAGES, "fr"):
        pool = [place for place, paragraph in enumerate(rows.known) if paragraph.language == language]
        for n, question in enumerate(questions):
            right = {rows.place[p] for p in question.told_in if p.language == language}
            if question.held_out and right:
                pair = "same" if question.language == language else "across"
                hits[pair].append(pool[int(scores[n, pool].argmax())] in right)
    yield from (f"{pair:8}{np.mean(found):.4f}  {len(found):6}" for pair, found in hits.items() if found)


def run(sets: Path, output: Path, device: str, steps: int = STEPS, first: Path | None = None) -> None:
    model, tokenizer = unadapted(device)
    questions = Reading(tokenizer, partial(encode, model)).questions(sets)
    rows = Rows(questions, tokenizer)
    torch.manual_seed(0)
    encoder = Encoder(model[0].auto_model).to(device).eval()
    print("before", *measured(encoder, questions, rows), sep="\n")
    held = [encoder.read(part) for part in (rows.questions, rows.paragraphs, rows.sentences)]
    begun = additions.load(first) if first else None
    if begun:
        begin(encoder.transformer, begun)
        print("begun", *measured(encoder, questions, rows), sep="\n")
    for loss in fit(encoder, questions, rows, held, steps):
        print(f"loss {loss:.4f}", flush=True)
    if begun:
        begin(encoder.transformer, halfway(begun, encoder.weights()))
    np.savez(output, **encoder.weights())
    print("after", *measured(encoder, questions, rows), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.encoder")
    parser.add_argument("sets", type=Path, metavar="SETS")
    parser.add_argument("--output", type=Path, default=additions.ENCODER)
    parser.add_argument("--begin", type=Path, metavar="FILE", help="additions to begin at")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    run(options.sets, options.output, options.device, first=options.begin)


if __name__ == "__main__":
    main()
