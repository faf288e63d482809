"""From a sentence-transformers model to an ONNX graph of token ids to vectors, in fp32 and in few bits."""

from __future__ import annotations

import contextlib
import logging
import math
import warnings
from typing import TYPE_CHECKING, Any

from rag.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_LARGE = 2_000_000  # weights; position and type embeddings are smaller, and worth their few megabytes in fp32


class ExportError(EncoderError):
    """The model does something that a graph of token ids cannot do; sentence-transformers itself still runs it."""


def export(model: Any, path: Path) -> None:
    """Write a ``SentenceTransformer`` as ONNX, pooling and normalisation included. Raises ExportError.

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
    sizes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    try:
        with quiet(), torch.no_grad():
            torch.onnx.export(
                Graph().eval(),
                (tokens["input_ids"], tokens["attention_mask"]),
                str(path),
                input_names=["input_ids", "attention_mask"],
                output_names=["vector", "tokens"] if with_tokens else ["vector"],
                dynamic_shapes=(sizes, sizes),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # torch raises what it finds on the way
        raise ExportError("encoder_not_exportable", reason=f"{type(error).__name__}: {error}") from error


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


def quantise(source: Path, target: Path, bits: int) -> None:
    """Write a model with its matrices in blocks of 32 weights of four or eight bits.

    Word embeddings are written so too where it is four: that is the form of the bundled weights, which thus lose
    nothing. Products are taken with activations in int8 a block (``accuracy_level`` 4). The usual int8 kernels are 1.7
    times as fast on a processor without VNNI, but saturate there: their least cosine to fp32 is .983 a channel, .992
    with seven bits and .994 with unsigned weights, against .9998 here (150 paragraphs and questions of XQuAD).
    """
    with quiet():
        import onnx
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    model = onnx.load(source)
    large = {tensor.name for tensor in model.graph.initializer if math.prod(tensor.dims) >= _LARGE}
    small = [node.name for node in model.graph.node if node.op_type == "Gather" and node.input[0] not in large]
    with quiet():
        quantiser = MatMulNBitsQuantizer(
            model,
            bits=bits,
            block_size=32,
            is_symmetric=True,
            accuracy_level=4,
            op_types_to_quantize=("MatMul", "Gather") if bits == 4 else ("MatMul",),
            quant_axes=(("MatMul", 0), ("Gather", 1)),
            nodes_to_exclude=small,
        )
        quantiser.process()
    onnx.save(quantiser.model.model, target)


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
