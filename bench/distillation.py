"""How the reader, of half of the layers, is fitted to say what its teacher says.

It starts from every second layer of the teacher, and its head. It is drawn to the teacher's log-odds more than to what
is right, and to the states of its last layer, which tell more than two numbers.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from bench.reader import Batch, Reader

RATE = 4e-4
TEACHER = 0.8  # of what it is drawn to; the rest is whether a row does answer
ODDS, STATES = 0.03, 0.5  # weights of the distances in log-odds and in states
FAR = 9.0  # log-odds, beyond which a difference says nothing


def halved(teacher: Reader) -> Reader:
    """Return a copy of a reader with every second of its layers, and always the last, without dropout."""
    reader = copy.deepcopy(teacher)
    layers = reader.transformer.encoder.layer
    reader.transformer.encoder.layer = nn.ModuleList([*layers[: len(layers) - 2 : 2], layers[-1]])
    for part in reader.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return reader


def taught_by(teacher: Reader) -> Callable[[Reader, Batch], Any]:
    """Return the loss of a reader and a batch."""
    teacher.eval()

    def loss_of(reader: Reader, batch: Batch) -> Any:
        output = int(batch.kind == "claim")
        packed = reader.packed(batch.rows)
        with torch.no_grad():
            told, shown = teacher(packed)
        odds, states = reader(packed)
        odds, told = odds[:, output], told[:, output]
        right = torch.tensor([float(row.yes) for row in batch.rows], device=odds.device)
        loss = binary_cross_entropy_with_logits(odds, TEACHER * torch.sigmoid(told) + (1 - TEACHER) * right)
        loss = loss + ODDS * (odds.clamp(-FAR, FAR) - told.clamp(-FAR, FAR)).square().mean()
        spread = (shown - shown.mean(0)).square().mean()
        return loss + STATES * (states - shown).square().mean() / spread

    return loss_of


def weights(reader: Reader) -> dict[str, NDArray[np.float32]]:
    """Return what is kept of a reader, as ``rag.encoders.distilled`` saves it."""
    kept = reader.transformer.encoder.state_dict() | reader.head()
    return {name: value.detach().float().cpu().numpy() for name, value in kept.items()}
