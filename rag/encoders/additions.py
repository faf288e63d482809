"""What is fitted beside the bundled model's weights: products of two narrow matrices (LoRA), and the layers' norms.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022. A file of them is a few per cent of the
model. ``python -m bench.encoder`` fits them, from the weights as they are in their package.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MATRICES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
}
NORMS = {"attention_norm": "attention.output.LayerNorm", "output_norm": "output.LayerNorm"}
"""The names in a file of additions, and those of a layer of transformers' BertModel."""

KINDS = ("weight", "bias")

ENCODER = Path(__file__).with_name("encoder.npz")
ENCODER_SHA256 = "59062d66491ff6331b41cc0ab64394499a40c44dad049ea531253d7efe9f4f6e"


def load(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return a file's weights, those of a layer as ``0.query.a`` or ``0.output_norm.bias``."""
    with np.load(path) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def add(tensors: dict[str, NDArray[np.float32]], added: Mapping[str, NDArray[np.float32]]) -> None:
    """Add what was fitted to the tensors of a BertModel, by their names in it."""
    for name in added:
        number, _, rest = name.partition(".")
        part, _, kind = rest.partition(".")
        if part in NORMS:
            tensors[f"encoder.layer.{number}.{NORMS[part]}.{kind}"] = added[name]
        elif part in MATRICES and kind == "a":
            tensors[f"encoder.layer.{number}.{MATRICES[part]}.weight"] += added[f"{number}.{part}.b"] @ added[name]
