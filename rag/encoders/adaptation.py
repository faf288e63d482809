"""Makes the readers of the bundled encoder's model, as ONNX graphs.

One has its matrices with what ``reader.npz`` adds to them (``rag.encoders.additions``), the short one those that
``rag.encoders.distilled`` keeps. Both have a head on the first token. ``python -m bench.reader`` fits both
(docs/reader.md says to what).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rag.encoders import additions, bias, bundled, distilled, reader
from rag.encoders.export import write
from rag.encoders.onnx import READER, SHORT_READER, open_session
from rag.encoders.quantisation import to_blocks, to_int8
from rag.types import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from rag.encoders.manifest import Precision

    Weights = dict[str, NDArray[np.float32]]
    Batches = list[dict[str, NDArray[Any]]]

DEVIATION = 0.5
"""In log-odds: how far from the exact graph a quantised one may be on average."""


def prepare(model: Any, tokenise: Callable[[str], list[int]], folder: Path, fastest: Precision) -> dict[str, Precision]:
    """Write the readers' graphs into a folder, from the encoder's ``SentenceTransformer``, which is changed by it.

    ``fastest`` is the form that the encoder is in. Returns the readers', by their names in a manifest, which are less
    quantised where that form changes what they find. Raises ExportError.
    """
    prompt = bundled.PROMPTS["query"]
    rows = [row for pair in _pairs() for row in reader.rows("question", *pair, prompt, tokenise)]
    words = bundled.words(bundled.locate())
    batches = [reader.inputs(row, words) for row in rows]
    return {
        "reader": _prepare(model, _whole(), folder / READER, fastest, batches),
        "short_reader": _prepare(
            model, distilled.load(distilled.SHORT_READER), folder / SHORT_READER, fastest, batches
        ),
    }


def _whole() -> Weights:
    fitted = additions.load(additions.READER)
    tensors = bundled.layers(bundled.locate())  # without the encoder's additions: the reader has its own
    additions.add(tensors, fitted)
    head = {name: weight for name, weight in fitted.items() if not name[0].isdigit()}
    return head | {name.removeprefix("encoder."): weight for name, weight in tensors.items()}


def _prepare(model: Any, weights: Weights, target: Path, fastest: Precision, batches: Batches) -> Precision:
    exact = target.with_name("exact.onnx")
    _export(model, weights, exact)
    wanted = _odds(exact, batches)
    for form in dict.fromkeys((fastest, "8-bit blocks")):
        if form == "int8":
            to_int8(exact, target, batches)
        else:
            to_blocks(exact, target, 8 if form == "8-bit blocks" else 4, of="MatMul")
        if float(np.abs(_odds(target, batches) - wanted).mean()) <= DEVIATION:
            exact.unlink()
            return form
    exact.rename(target)
    return "fp32"


def _pairs() -> list[tuple[str, list[Window]]]:
    """Questions and passages of the parallel texts, the right ones beside each other and not."""
    asked, told = bias.parallel_texts("query"), bias.parallel_texts("passage")
    languages = list(asked)
    pairs = []
    for number, language in enumerate(languages):
        for place, question in enumerate(asked[language]):
            other = told[languages[(number + place) % len(languages)]]
            pairs.append((question, [Window("", (other[place],)), Window("", (other[place - 1],))]))
    return pairs


def _odds(path: Path, batches: Batches) -> NDArray[np.float32]:
    session = open_session(path)
    return np.concatenate([session.run(["odds"], batch)[0] for batch in batches])


def _export(model: Any, weights: Weights, path: Path) -> None:
    import torch

    transformer = model[0].auto_model
    layers = {name: torch.from_numpy(weight) for name, weight in weights.items() if name.startswith("layer.")}
    transformer.encoder.layer = transformer.encoder.layer[: len({name.split(".")[1] for name in layers})]
    transformer.encoder.load_state_dict(layers)

    class Graph(torch.nn.Module):  # type: ignore[misc] # torch is not followed by the type checker
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer
            for name in ("pool", "out"):
                parts = {kind: torch.from_numpy(weights[f"{name}.{kind}"]) for kind in additions.KINDS}
                layer = torch.nn.Linear(*reversed(parts["weight"].shape))
                layer.load_state_dict(parts)
                setattr(self, name, layer)

        def forward(self, words: Any, attention_mask: Any) -> Any:
            states = self.transformer(inputs_embeds=words, attention_mask=attention_mask).last_hidden_state
            return self.out(torch.tanh(self.pool(states[:, 0])))

    hidden = transformer.config.hidden_size
    words = {"words": torch.zeros(2, 8, hidden), "attention_mask": torch.ones(2, 8, dtype=torch.int64)}
    write(Graph(), words, ["odds"], path, model)
