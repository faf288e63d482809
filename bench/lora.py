"""``rag.encoders.additions`` in torch, as bench/encoder.py fits them, and how that and bench/reader.py fit."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import linear

from rag.encoders import bundled
from rag.encoders.additions import KINDS, MATRICES, NORMS
from rag.encoders.transformer import load_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

RANK = 32
WARMING = 100  # steps in which the rate rises; then it falls to a fiftieth
READ = 60_000  # tokens read at once where nothing is fitted


def unadapted(device: str) -> tuple[Any, Any]:
    """Return the bundled model as it is in its package, a ``SentenceTransformer``, and its ``tokenizers.Tokenizer``."""
    from tokenizers import Tokenizer

    with tempfile.TemporaryDirectory() as folder:
        bundled.lay_out(Path(folder), adapted=False)
        return load_model(Path(folder), device), Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))


class Adapted(nn.Module):  # type: ignore[misc] # torch is not followed by the type checker
    """A linear layer with a product of two narrow matrices added, which is nothing at first."""

    def __init__(self, layer: Any, rank: int) -> None:
        super().__init__()
        self.layer = layer
        self.a = nn.Parameter(torch.randn(rank, layer.in_features) / math.sqrt(layer.in_features))
        self.b = nn.Parameter(torch.zeros(layer.out_features, rank))

    @property
    def weight(self) -> Any:
        # one product of two small matrices, rather than two products of all states
        return torch.addmm(self.layer.weight, self.b, self.a)

    @property
    def bias(self) -> Any:
        return self.layer.bias

    def forward(self, states: Any) -> Any:
        return linear(states, self.weight, self.bias)


def adapt(transformer: Any) -> Any:
    """Return a BertModel, which is changed by it, in which the additions can be fitted and nothing else."""
    transformer.requires_grad_(requires_grad=False)
    for layer in transformer.encoder.layer:
        for path in MATRICES.values():
            layer.set_submodule(path, Adapted(layer.get_submodule(path), RANK))
        for path in NORMS.values():
            layer.get_submodule(path).requires_grad_(requires_grad=True)
    return transformer


def additions_of(transformer: Any) -> dict[str, Any]:
    """Return the parameters that ``adapt`` lets be fitted, by their names in a file of additions."""
    found: dict[str, Any] = {}
    for number, layer in enumerate(transformer.encoder.layer):
        for name, path in MATRICES.items():
            found |= {f"{number}.{name}.{kind}": getattr(layer.get_submodule(path), kind) for kind in "ab"}
        for name, path in NORMS.items():
            found |= {f"{number}.{name}.{kind}": getattr(layer.get_submodule(path), kind) for kind in KINDS}
    return found


def begin(transformer: Any, added: Mapping[str, NDArray[np.float32]]) -> None:
    """Set what ``adapt`` lets be fitted to additions, of RANK or less, by their names in a file."""
    with torch.no_grad():
        for name, parameter in additions_of(transformer).items():
            value = torch.from_numpy(added[name])
            if name.endswith(".b"):
                parameter.zero_()
            parameter[tuple(slice(size) for size in value.shape)].copy_(value)


def halfway(one: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Return the means of norms and of products; these again as two matrices of RANK, by singular values."""
    pair = (one, other)
    norms = [name for name in one if not name.endswith((".a", ".b"))]
    found = {name: np.stack([part[name] for part in pair]).mean(axis=0, dtype=np.float32) for name in norms}
    for a in (name for name in one if name.endswith(".a")):
        b = a.removesuffix("a") + "b"
        products = [part[b].astype(np.float32) @ part[a].astype(np.float32) for part in pair]
        left, sizes, right = np.linalg.svd(sum(products) / 2, full_matrices=False)
        root = np.sqrt(sizes[:RANK])
        found[a], found[b] = root[:, None] * right[:RANK], left[:, :RANK] * root
    return found


def stored(parameters: Mapping[str, Any]) -> dict[str, NDArray[np.float16]]:
    return {name: parameter.detach().half().cpu().numpy() for name, parameter in parameters.items()}


class Descent:
    """Fits what can be fitted of a model in so many steps. The rate rises for WARMING of them and falls over all."""

    def __init__(self, model: Any, rate: float, steps: int) -> None:
        self._fitted = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(self._fitted, lr=rate, weight_decay=0.01)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, lambda step: min(1, (step + 1) / WARMING) * max(0.02, 1 - step / steps)
        )

    def step(self, loss: Any) -> Any:
        """Take a step down a loss. Return the loss without what it came of."""
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._fitted, 1.0)
        self._optimiser.step()
        self._schedule.step()
        return loss.detach()
