"""Makes the reader out of the bundled encoder's model and what ``rag.encoders.distilled`` keeps, as an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rag.encoders import additions, bias, bundled, distilled, reader
from rag.encoders.export import write
from rag.encoders.onnx import READER
from rag.encoders.quantisation import to_blocks, to_int8
from rag.encoders.sessions import open_session
from rag.types import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from rag.encoders.manifest import Precision

    Weights = dict[str, NDArray[np.float32]]

DEVIATION = 0.5
"""In log-odds: how far from the exact graph a quantised one may be on average."""


def prepare(model: Any, tokenise: Callable[[str], list[int]], folder: Path, fastest: Precision) -> Precision:
    """Write the reader's graph into a folder, from the encoder's ``SentenceTransformer``, which is changed by it.

    ``fastest`` is the form that the encoder is in. Returns the reader's, which is less quantised where that form
    changes what it finds. Raises ExportError.
    """
    prompt = bundled.PROMPTS["query"]
    rows = [row for pair in _pairs() for row in reader.rows("question", *pair, prompt, tokenise)]
    words = bundled.words(bundled.locate())
    batches = [reader.inputs(row, words) for row in rows]
    target, exact = folder / READER, folder / "exact.onnx"
    _export(model, distilled.load(distilled.READER), exact)
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


def _odds(path: Path, batches: list[dict[str, NDArray[Any]]]) -> NDArray[np.float32]:
    session = open_session(path)
    return np.concatenate([session.run(["odds"], batch)[0] for batch in batches])


def _export(model: Any, weights: Weights, path: Path) -> None:
    import torch

    transformer = model[0].auto_model
    layers = {name: torch.from_numpy(weight) for name, weight in weights.items() if name.startswith("layer.")}
    transformer.encoder.layer = transformer.encoder.layer[: len({name.split(".")[1] for name in layers})]
    transformer.encoder.load_state_dict(layers)
    *others, last = transformer.encoder.layer
    transformer.encoder.layer = torch.nn.ModuleList(others)

    class Graph(torch.nn.Module):  # type: ignore[misc] # torch is not followed by the type checker
        def __init__(self) -> None:
            super().__init__()
            self.transformer, self.last = transformer, last
            for name in ("pool", "out"):
                parts = {kind: torch.from_numpy(weights[f"{name}.{kind}"]) for kind in additions.KINDS}
                layer = torch.nn.Linear(*reversed(parts["weight"].shape))
                layer.load_state_dict(parts)
                setattr(self, name, layer)

        def forward(self, words: Any, attention_mask: Any) -> Any:
            states = self.transformer(inputs_embeds=words, attention_mask=attention_mask).last_hidden_state
            return self.out(torch.tanh(self.pool(_first_state(self.last, states)[:, 0])))

    hidden = transformer.config.hidden_size
    words = {"words": torch.zeros(2, 8, hidden), "attention_mask": torch.ones(2, 8, dtype=torch.int64)}
    write(Graph(), words, ["odds"], path, model)


def _first_state(layer: Any, states: Any) -> Any:
    """Return what a BertLayer makes of the first token, (texts, 1, width), and of no other: a seventh of all products.

    ``states``, (texts, tokens, width), are without padding.
    """
    from torch.nn.functional import scaled_dot_product_attention

    first, own = states[:, :1], layer.attention.self

    def heads(part: Any, of: Any) -> Any:
        return part(of).unflatten(-1, (own.num_attention_heads, -1)).transpose(1, 2)

    seen = scaled_dot_product_attention(heads(own.query, first), heads(own.key, states), heads(own.value, states))
    return layer.feed_forward_chunk(layer.attention.output(seen.transpose(1, 2).flatten(-2), first))
