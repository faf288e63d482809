"""Fits the readers: the bundled encoder as a cross-encoder, which says whether an article answers a question.

``python -m bench.reader SETS --output rag/encoders`` fits both, and prints the area under the ROC on what
bench/held_out.py keeps apart. It wants a GPU. SETS holds ``xquad``, ``squad2-dev`` (both CC BY-SA 4.0) and ``piaf-fr``
(MIT, its paragraphs CC BY-SA 3.0) in the form that ``rag eval`` reads; nothing of them is kept.

What is added to the encoder is a product of two narrow matrices beside each of a layer's six (LoRA, Hu et al., ICLR
2022), other weights of the layers' norms, and a head on the first token. Its first output is the log-odds that a window
of sentences answers a question, its second that sentences carry a claim (``bench.claims``). A third layer, which finds
where the answer stands in the window, teaches the rest, and is not kept. The reader so made then teaches the short one,
of half of the layers (``bench.distillation``).
"""

from __future__ import annotations

import argparse
import math
import random
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from bench import claims, distillation
from bench.lora import READ, Descent, adapt, additions_of, padded, stored, unadapted
from bench.reader_rows import LANGUAGES, Reading, claim_row, drawn_claim_row, items_of, question_rows
from rag.encoders import additions, distilled
from rag.encoders.additions import KINDS
from rag.encoders.onnx import by_length
from rag.encoders.transformer import encode
from rag.evaluation import auroc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bench.reader_rows import Claim, Item, Question, Row

RATE = 5e-4
QUESTIONS, CLAIMS = 48, 192  # in a batch


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of questions in groups, each question's own, or one group of claims."""

    kind: str
    groups: Sequence[Sequence[Row]]

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group]


class Reader(nn.Module):  # type: ignore[misc] # torch is not followed by the type checker
    """A BertModel with a head. Its dropout is that of its configuration, .1."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer
        hidden = transformer.config.hidden_size
        self.dropout = nn.Dropout(0.1)
        self.pool, self.out, self.span = nn.Linear(hidden, hidden), nn.Linear(hidden, 2), nn.Linear(hidden, 2)

    def forward(self, ids: Any, mask: Any) -> Any:
        """Return the log-odds of shape (rows, 2), and the states of the tokens."""
        states = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
        return self.out(self.dropout(torch.tanh(self.pool(states[:, 0])))), states

    def read(self, rows: Sequence[Row]) -> Any:
        """Return the same, and what is no padding, of shape (rows, tokens)."""
        device = self.pool.weight.device
        ids, mask = padded([row.tokens for row in rows], device)
        with torch.autocast(device.type, torch.bfloat16):
            odds, states = self(ids, mask)
        return odds.float(), states.float(), mask

    def head(self) -> dict[str, Any]:
        """Return the parameters of what is kept of the head, by their names in a file of weights."""
        return {f"{name}.{kind}": getattr(getattr(self, name), kind) for name in ("pool", "out") for kind in KINDS}

    def weights(self) -> dict[str, NDArray[np.float16]]:
        """Return what was fitted, as ``rag.encoders.additions`` loads it."""
        return stored(self.head() | additions_of(self.transformer))


def loss_of(reader: Reader, batch: Batch) -> Any:
    odds, states, mask = reader.read(batch.rows)
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
        places = reader.span(states).masked_fill(mask[..., None] == 0, -1e4)
        loss = loss + 0.25 * sum(cross_entropy(places[held, :, end], ends[:, end]) for end in (0, 1))
    return loss


def batches(questions: Sequence[Question], made: Sequence[Claim], chance: random.Random) -> Iterator[Batch]:
    """Yield all of an epoch, drawn anew."""
    items = [item for question in questions for item in items_of(question, chance)]
    order = list(made)
    chance.shuffle(items)
    chance.shuffle(order)
    parts: list[tuple[str, int]] = [("question", start) for start in range(0, len(items), QUESTIONS)]
    parts += [("claim", start) for start in range(0, len(order), CLAIMS)]
    chance.shuffle(parts)
    for kind, start in parts:
        if kind == "question":
            yield Batch(kind, [question_rows(item, chance) for item in items[start : start + QUESTIONS]])
        else:
            yield Batch(kind, [[drawn_claim_row(claim, chance) for claim in order[start : start + CLAIMS]]])


def steps_of(questions: Sequence[Question], made: Sequence[Claim]) -> int:
    """Return how many batches an epoch has."""
    chance = random.Random(0)
    items = sum(len(items_of(question, chance)) for question in questions)
    return math.ceil(items / QUESTIONS) + math.ceil(len(made) / CLAIMS)


def fit(
    reader: Reader, questions: Sequence[Question], made: Sequence[Claim], epochs: int
) -> Iterator[dict[str, float]]:
    """Yield the mean losses of each epoch, by kind of batch."""
    chance = random.Random(0)
    descent = Descent(reader, RATE, epochs * steps_of(questions, made))
    reader.train()
    for _ in range(epochs):
        losses = defaultdict(list)
        for batch in batches(questions, made, chance):
            losses[batch.kind].append(descent.step(loss_of(reader, batch)))
        yield {kind: float(torch.stack(found).mean()) for kind, found in losses.items()}
    reader.eval()


@torch.no_grad()  # type: ignore[untyped-decorator] # as above
def odds_of(reader: Reader, rows: Sequence[Row], output: int) -> NDArray[np.float32]:
    found = np.zeros(len(rows), np.float32)
    for part in by_length([len(row.tokens) for row in rows], READ):
        found[part] = reader.read([rows[place] for place in part])[0][:, output].cpu().numpy()
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
    """Fit the reader, of the first ``layers`` of the encoder or of all, and the short one; write and measure both.

    ``epochs`` are those of the one and of the other, ``output`` the folder for their weights.
    """
    model, tokenizer = unadapted(device)
    transformer = model[0].auto_model
    transformer.encoder.layer = transformer.encoder.layer[:layers]
    questions, made, apart = prepare(sets, model, tokenizer)
    usable = [question for question in questions if not question.held_out]
    chance = random.Random(0)
    items = [item for question in questions if question.held_out for item in items_of(question, chance)]
    torch.manual_seed(0)
    reader = Reader(adapt(transformer)).to(device)
    for losses in fit(reader, usable, made, epochs[0]):
        print("loss", *(f"{kind} {loss:.4f}" for kind, loss in sorted(losses.items())), flush=True)
    np.savez(output / additions.READER.name, **reader.weights())
    print("\n".join(measured(reader, items, apart)))
    short = distillation.halved(reader)
    drawn = (batch for _ in range(epochs[1]) for batch in batches(usable, made, chance))
    for loss in distillation.fit(short, reader, drawn, epochs[1] * steps_of(usable, made)):
        print(f"distilled {loss:.4f}", flush=True)
    distilled.save(output / distilled.SHORT_READER.name, distillation.weights(short))
    print("\n".join(measured(short, items, apart)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reader")
    parser.add_argument("sets", type=Path, metavar="SETS")
    parser.add_argument("--output", type=Path, metavar="FOLDER", default=additions.READER.parent)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--epochs", type=int, nargs=2, default=(4, 10), help="of the reader, and of the short one")
    options = parser.parse_args()
    run(options.sets, options.output, options.device, tuple(options.epochs))


if __name__ == "__main__":
    main()
