"""Fits the reader: half of the bundled encoder's layers as a cross-encoder, which says whether an article answers.

``python -m bench.reader SETS --output rag/encoders/reader.npz`` fits it, and prints the area under the ROC on what
bench/held_out.py keeps apart. It wants a GPU. SETS holds ``xquad``, ``squad2-dev`` (both CC BY-SA 4.0) and ``piaf-fr``
(MIT, its paragraphs CC BY-SA 3.0) in the form that ``rag eval`` reads; nothing of them is kept. The articles of
``bench.invented`` are read too.

A teacher is fitted first, which has all of the encoder's layers and a head on the first token. Its first output is the
log-odds that a window of sentences answers a question, its second that sentences carry a claim (``bench.claims``). A
third layer finds where the answer stands in the window. The teacher teaches the reader (``bench.distillation``), and is
not kept.
"""

from __future__ import annotations

import argparse
import itertools
import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.utils.data import DataLoader, Dataset

from bench import claims, distillation
from bench.lora import READ, Descent, unadapted
from bench.packed import Packed
from bench.reader_rows import LANGUAGES, Claim, Item, Reading, claim_row, drawn_claim_row, items_of, question_rows
from rag.encoders import distilled
from rag.encoders.additions import KINDS
from rag.encoders.onnx import by_length
from rag.encoders.transformer import encode
from rag.evaluation import auroc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from bench.reader_rows import Question, Row

RATE = 1.5e-4
QUESTIONS, CLAIMS = 96, 384  # in a batch
TOLD = 100  # steps between two losses that are told
WORKERS = 6


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of questions in groups, each question's own, or one group of claims."""

    kind: str
    groups: Sequence[Sequence[Row]]

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group]


class Reader(nn.Module):  # type: ignore[misc] # torch is not followed by the type checker
    """A BertModel with a head. Its dropout is that of its configuration, .1, but for attention, which has none."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer
        hidden = transformer.config.hidden_size
        self.dropout = nn.Dropout(0.1)
        self.pool, self.out, self.span = nn.Linear(hidden, hidden), nn.Linear(hidden, 2), nn.Linear(hidden, 2)

    def forward(self, packed: Packed) -> Any:
        """Return the log-odds of each row, float32 of shape (rows, 2), and the states of the tokens."""
        states = packed.states(self.transformer)
        return self.out(self.dropout(torch.tanh(self.pool(packed.first(states))))), states

    def packed(self, rows: Sequence[Row]) -> Packed:
        return Packed([row.tokens for row in rows], self.pool.weight.device)

    def head(self) -> dict[str, Any]:
        """Return the parameters of what is kept of the head, by their names in a file of weights."""
        return {f"{name}.{kind}": getattr(getattr(self, name), kind) for name in ("pool", "out") for kind in KINDS}


def loss_of(reader: Reader, batch: Batch) -> Any:
    packed = reader.packed(batch.rows)
    odds, states = reader(packed)
    yes = torch.tensor([float(row.yes) for row in batch.rows], device=odds.device)
    if batch.kind == "claim":
        # the false are the more, and of more kinds
        return binary_cross_entropy_with_logits(odds[:, 1], yes, weight=torch.where(yes > 0, 1.5, 0.75))
    loss = binary_cross_entropy_with_logits(odds[:, 0], yes)
    own = odds[:, 0].split([len(group) for group in batch.groups])
    chosen = [
        -rows.log_softmax(0)[0]
        for rows, group in zip(own, batch.groups, strict=True)
        if group[0].yes and len(group) > 1
    ]
    if chosen:
        loss = loss + 0.5 * torch.stack(chosen).mean()
    if held := [place for place, row in enumerate(batch.rows) if row.answer]:
        ends = torch.tensor([row.answer for row in batch.rows if row.answer], device=odds.device)
        places = packed.of(held, reader.span(states), padding=-1e4)
        loss = loss + 0.25 * sum(cross_entropy(places[:, :, end], ends[:, end]) for end in (0, 1))
    return loss


class Batches(Dataset[Batch]):  # type: ignore[misc] # as above
    """The batches of some epochs, each drawn anew. Each is made when it is asked for, in any process."""

    def __init__(self, questions: Sequence[Question], made: Sequence[Claim], epochs: int) -> None:
        self._parts: list[Sequence[Item] | Sequence[Claim]] = []
        chance = random.Random(0)
        for _ in range(epochs):
            items = [item for question in questions for item in items_of(question, chance)]
            claimed = chance.sample(made, len(made))
            chance.shuffle(items)
            epoch: list[Sequence[Item] | Sequence[Claim]] = []
            epoch += [items[start : start + QUESTIONS] for start in range(0, len(items), QUESTIONS)]
            epoch += [claimed[start : start + CLAIMS] for start in range(0, len(claimed), CLAIMS)]
            chance.shuffle(epoch)
            self._parts += epoch

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, place: int) -> Batch:
        part, chance = self._parts[place], random.Random(place)
        asked = [question_rows(item, chance) for item in part if isinstance(item, Item)]
        claimed = [drawn_claim_row(claim, chance) for claim in part if isinstance(claim, Claim)]
        return Batch("question", asked) if asked else Batch("claim", [claimed])

    def ahead(self) -> Iterator[Batch]:
        """Yield all in order; WORKERS other processes make them, as that takes longer than to fit to them."""
        yield from DataLoader(self, batch_size=None, num_workers=WORKERS, collate_fn=lambda batch: batch)


def fit(reader: Reader, batches: Batches, rate: float, loss_of: Callable[[Reader, Batch], Any]) -> Iterator[float]:
    """Yield the mean loss of every TOLD steps."""
    descent, ahead = Descent(reader, rate, len(batches)), batches.ahead()
    reader.train()
    while part := list(itertools.islice(ahead, TOLD)):
        yield float(torch.stack([descent.step(loss_of(reader, batch)) for batch in part]).mean())
    reader.eval()


@torch.no_grad()  # type: ignore[untyped-decorator] # as above
def odds_of(reader: Reader, rows: Sequence[Row], output: int) -> NDArray[np.float32]:
    found = np.zeros(len(rows), np.float32)
    for part in by_length([len(row.tokens) for row in rows], READ):
        found[part] = reader(reader.packed([rows[place] for place in part]))[0][:, output].cpu().numpy()
    return found


def measured(reader: Reader, items: Sequence[Item], made: Sequence[Claim]) -> Iterator[str]:
    """Yield lines: the area under the ROC, in one language and across, of rows of questions and of claims."""
    chance = random.Random(0)
    rows = [(item.pair, row) for item in items for row in question_rows(item, chance)]
    kinds = {"questions": (rows, 0)}
    for width in (1, 3):
        rows = [(claim.case.pair, claim_row(claim, width, width // 2)) for claim in made]
        kinds[f"claims beside sentences: {width}"] = (rows, 1)
    for name, (rows, output) in kinds.items():
        odds = odds_of(reader, [row for _, row in rows], output)
        for pair in ("same", "across"):
            yes, no = (
                [float(value) for value, (own, row) in zip(odds, rows, strict=True) if own == pair and row.yes == side]
                for side in (True, False)
            )
            yield f"{name:28}{pair:8}{auroc(yes, no):.4f}  {len(yes):6} {len(no):6}"


def prepare(sets: Path, model: Any, tokenizer: Any) -> tuple[list[Question], list[Claim], list[Claim]]:
    """Return questions, the claims to fit to and those held out: the sample of ``bench.claims``, and the handmade."""
    reading = Reading(tokenizer, partial(encode, model))
    texts, cases = claims.xquad(sets / "xquad", LANGUAGES)
    fitted = reading.claims(texts, [case for case in cases if case.part == "reader"])
    texts, cases = claims.xquad(sets / "xquad")
    known = [(texts, claims.sampled(cases)), claims.handmade()]
    apart = [claim for texts, cases in known for claim in reading.claims(texts, cases)]
    return reading.questions(sets), fitted, apart


def run(sets: Path, output: Path, device: str, epochs: tuple[int, int], layers: int | None = None) -> None:
    """Fit a teacher, of the first ``layers`` of the encoder or of all, and the reader; write this and measure both.

    ``epochs`` are those of the one and of the other.
    """
    model, tokenizer = unadapted(device)
    transformer = model[0].auto_model
    transformer.encoder.layer = transformer.encoder.layer[:layers]
    transformer.embeddings.requires_grad_(requires_grad=False)
    questions, made, apart = prepare(sets, model, tokenizer)
    usable = [question for question in questions if not question.held_out]
    chance = random.Random(0)
    items = [item for question in questions if question.held_out for item in items_of(question, chance)]
    torch.manual_seed(0)
    teacher = Reader(transformer).to(device)
    for loss in fit(teacher, Batches(usable, made, epochs[0]), RATE, loss_of):
        print(f"loss {loss:.4f}", flush=True)
    print("\n".join(measured(teacher, items, apart)))
    reader = distillation.halved(teacher)
    for loss in fit(reader, Batches(usable, made, epochs[1]), distillation.RATE, distillation.taught_by(teacher)):
        print(f"distilled {loss:.4f}", flush=True)
    distilled.save(output, distillation.weights(reader))
    print("\n".join(measured(reader, items, apart)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reader")
    parser.add_argument("sets", type=Path, metavar="SETS")
    parser.add_argument("--output", type=Path, default=distilled.READER)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--epochs", type=int, nargs=2, default=(3, 6), help="of the teacher, and of the reader")
    options = parser.parse_args()
    run(options.sets, options.output, options.device, tuple(options.epochs))


if __name__ == "__main__":
    main()
