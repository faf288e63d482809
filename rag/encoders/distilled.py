"""The weights of the reader: half of the encoder's layers, fitted to find what all of them find as a reader.

"Distillation" (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015), from every second layer of a
teacher, as in "DistilBERT" (Sanh et al., 2019). ``python -m bench.reader`` fits both (docs/reader.md says to what).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

READER = Path(__file__).with_name("reader.npz")
READER_SHA256 = "8d1d7c0682dae353d91c4bb97a565cff79e1eb833a3fc705c01698c926860cf8"

_SCALE = ".scale"


def save(path: Path, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Write weights: matrices in int8 with a scale for each of their rows, the rest in fp16."""
    found: dict[str, Any] = {}
    for name, weight in weights.items():
        if weight.ndim == 1:
            found[name] = weight.astype(np.float16)
            continue
        scale = np.maximum(np.abs(weight).max(axis=1, keepdims=True) / 127, 1e-7).astype(np.float16)
        found[name] = np.round(weight / scale.astype(np.float32)).clip(-127, 127).astype(np.int8)
        found[name + _SCALE] = scale
    np.savez_compressed(path, **found)


def load(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return a file's weights, those of layers by their names in transformers' BertEncoder (``layer.0.…``)."""
    with np.load(path) as file:
        kept = {name: file[name].astype(np.float32) for name in file.files}
    scales = {name.removesuffix(_SCALE): kept.pop(name) for name in [*kept] if name.endswith(_SCALE)}
    return {name: weight * scales[name] if name in scales else weight for name, weight in kept.items()}
