"""Fits the short reader, of half of the layers, to say what the whole one says, its teacher.

It starts from every second layer of the teacher, with what was added to them, and its head. It is drawn to the
teacher's log-odds more than to what is right, and to the states of its last layer, which tell more than two numbers.
"""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from bench.lora import Descent
from rag.encoders.additions import MATRICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from bench.reader import Batch, Reader

RATE = 4e-4
TEACHER = 0.8  # of what it is drawn to; the rest is whether a row does answer
ODDS, STATES = 0.03, 0.5  # weights of the distances in log-odds and in states
FAR = 9.0  # log-odds, beyond which a difference says nothing
TOLD = 300  # steps between two losses that are told


def halved(teacher: Reader) -> Reader:
    """Return a copy of a reader with every second of its layers, and always the last, all of which can be fitted."""
    reader = copy.deepcopy(teacher)
    layers = reader.transformer.encoder.layer
    reader.transformer.encoder.layer = nn.ModuleList([*layers[: len(layers) - 2 : 2], layers[-1]])
    for layer in reader.transformer.encoder.layer:
        for path in MATRICES.values():
            layer.set_submodule(path, layer.get_submodule(path).merged())
    reader.requires_grad_(requires_grad=True)
    reader.transformer.embeddings.requires_grad_(requires_grad=False)
    return reader


def fit(reader: Reader, teacher: Reader, batches: Iterator[Batch], steps: int) -> Iterator[float]:
    """Yield the mean loss of every TOLD steps, of ``steps`` in all or as many batches as there are."""
    descent = Descent(reader, RATE, steps)
    teacher.eval()
    reader.train()
    while part := list(itertools.islice(batches, TOLD)):
        losses = [descent.step(loss_of(reader, teacher, batch)) for batch in part]
        yield float(torch.stack(losses).mean())
    reader.eval()


def loss_of(reader: Reader, teacher: Reader, batch: Batch) -> Any:
    output = int(batch.kind == "claim")
    with torch.no_grad():
        told, shown, _ = teacher.read(batch.rows)
    odds, states, mask = reader.read(batch.rows)
    odds, told = odds[:, output], told[:, output]
    right = torch.tensor([float(row.yes) for row in batch.rows], device=odds.device)
    loss = binary_cross_entropy_with_logits(odds, TEACHER * torch.sigmoid(told) + (1 - TEACHER) * right)
    loss = loss + ODDS * (odds.clamp(-FAR, FAR) - told.clamp(-FAR, FAR)).square().mean()
    seen = mask.bool()
    spread = (shown[seen] - shown[seen].mean(0)).square().mean()
    return loss + STATES * (states[seen] - shown[seen]).square().mean() / spread


def weights(reader: Reader) -> dict[str, NDArray[np.float32]]:
    """Return what is fitted of a short reader, as ``rag.encoders.distilled`` saves it."""
    kept = reader.transformer.encoder.state_dict() | reader.head()
    return {name: value.detach().float().cpu().numpy() for name, value in kept.items()}
