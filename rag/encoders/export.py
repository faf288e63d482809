"""From a sentence-transformers model to an ONNX graph of token ids to vectors, in fp32."""

from __future__ import annotations

import contextlib
import logging
import warnings
from typing import TYPE_CHECKING, Any

from rag.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


_LARGE = 4 << 20  # bytes: word embeddings, of which a text reads a few rows
_ATTENTION = "askpress_onnx"  # the name of an attention for transformers


class ExportError(EncoderError):
    """The model does something that a graph of token ids cannot do; sentence-transformers itself still runs it."""


def export(model: Any, path: Path, *, fused: bool) -> None:
    """Write a ``SentenceTransformer`` as ONNX, pooling and normalisation included. Raises ExportError.

    ``fused`` writes attention as one operation of onnxruntime. It takes half the time of its parts, and knows padding
    but no other mask or position; the caller compares the graph's vectors with the model's.

    Inputs are ``input_ids`` and ``attention_mask``, int64 of shape (texts, tokens); the output ``vector`` is float32 of
    shape (texts, dimension). Where vectors are means of token states, ``tokens``, float32 of shape (texts, tokens,
    dimension), are those states.
    """
    _check(model)
    import torch

    with_tokens = _pools_means(model)

    class Graph(torch.nn.Module):  # type: ignore[misc] # torch is not followed by the type checker
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = self.model.forward({"input_ids": input_ids, "attention_mask": attention_mask})
            vector = torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)
            return (vector, features["token_embeddings"]) if with_tokens else vector

    tokens = model.tokenizer(["a few words", "a"], padding=True, return_tensors="pt")
    inputs = {name: tokens[name] for name in ("input_ids", "attention_mask")}
    write(Graph(), inputs, ["vector", "tokens"] if with_tokens else ["vector"], path, model if fused else None)


def write(graph: Any, inputs: Mapping[str, Any], outputs: Sequence[str], path: Path, fused: Any = None) -> None:
    """Write a torch module as ONNX; the first two dimensions of inputs are texts and tokens. Raises ExportError.

    ``fused`` is the ``SentenceTransformer`` in it whose attention becomes one operation.
    """
    import torch

    sizes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    try:
        with quiet(), torch.no_grad(), contextlib.nullcontext() if fused is None else _fused_attention(fused):
            torch.onnx.export(
                graph.eval(),
                tuple(inputs.values()),
                str(path),
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=(sizes,) * len(inputs),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # torch raises what it finds on the way
        raise ExportError("encoder_not_exportable", reason=f"{type(error).__name__}: {error}") from error


def lay_apart(source: Path, target: Path) -> None:
    """Write a graph with its word embeddings in a file beside it, ``.data``, of which onnxruntime maps what it reads.

    So the bundled model opens in half the time and half the memory.
    """
    import onnx

    onnx.save(
        onnx.load(source),
        target,
        save_as_external_data=True,
        location=f"{target.name}.data",
        size_threshold=_LARGE,
    )


@contextlib.contextmanager
def _fused_attention(model: Any) -> Iterator[None]:
    """Have transformers write attention as ``MultiHeadAttention``, one of onnxruntime's own operations."""
    import torch
    from transformers import AttentionInterface, AttentionMaskInterface

    def attention(
        _: Any, query: Any, key: Any, value: Any, padding: Any, scaling: float, **_others: Any
    ) -> tuple[Any, None]:
        texts, heads, tokens, width = query.shape
        shape = (texts, tokens, heads * width)
        rows = [states.transpose(1, 2).reshape(shape) for states in (query, key, value)]
        made = torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention",
            (*rows, None, padding),
            {"num_heads": heads, "scale": float(scaling)},
            dtype=query.dtype,
            shape=shape,
            version=1,
        )
        return made.reshape(texts, tokens, heads, width), None

    def padding(*_: Any, attention_mask: Any, **_others: Any) -> Any:
        return attention_mask.to(torch.int32)

    AttentionInterface.register(_ATTENTION, attention)
    AttentionMaskInterface.register(_ATTENTION, padding)
    transformer = model[0].auto_model
    before = transformer.config._attn_implementation  # noqa: SLF001 - it has no public reader
    transformer.set_attn_implementation(_ATTENTION)
    try:
        yield
    finally:
        transformer.set_attn_implementation(before)


def _check(model: Any) -> None:
    """Raise ExportError where the vectors depend on more than the tokens of the prompt and the text."""
    first = model[0]
    if not hasattr(first, "auto_model"):
        raise ExportError("encoder_not_exportable", reason=f"a {type(first).__name__} comes first")
    if not getattr(model.tokenizer, "is_fast", False):
        raise ExportError("encoder_not_exportable", reason="a slow tokenizer")
    if any(getattr(module, "include_prompt", True) is False for module in model) and any(model.prompts.values()):
        raise ExportError("encoder_not_exportable", reason="pooling leaves out the prompt")


def _pools_means(model: Any) -> bool:
    """Whether a vector is the mean of its text's token states, so that the two compare."""
    import torch

    with torch.no_grad():
        features = model.forward(dict(model.tokenizer(["a few words"], return_tensors="pt").to(model.device)))
    mean, vector = features["token_embeddings"].mean(dim=1), features["sentence_embedding"]
    return mean.shape == vector.shape and bool(torch.cosine_similarity(mean, vector).min() > 0.9999)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the notices of torch, transformers and onnxruntime about themselves from the user, errors excepted.

    One of them sets up logging for the whole process when it is imported, which is taken back.
    """
    before, level, handlers = logging.root.manager.disable, logging.root.level, list(logging.root.handlers)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        logging.root.setLevel(level)
        logging.root.handlers[:] = handlers
