"""Encoders: the bundled model, a sentence-transformers folder, or a model's name, made ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.encoders.manifest import verify
from rag.protocols import silent

if TYPE_CHECKING:
    from pathlib import Path

    from rag.protocols import Encoder, Progress

__all__ = ["load", "verify"]


def load(spec: str = "bundled", *, cache_dir: Path, device: str = "cpu", progress: Progress = silent) -> Encoder:
    """Return an encoder, prepared under ``cache_dir`` the first time.

    ``spec`` is ``bundled``, a sentence-transformers folder, or a name of the Hugging Face hub. On ``cpu`` it runs under
    onnxruntime; on another device, such as ``cuda``, under sentence-transformers. Raises ModelNotFound and
    EncoderError.
    """
    from rag.encoders.manifest import read
    from rag.encoders.preparation import prepare
    from rag.encoders.source import resolve

    runtime = "onnx" if device == "cpu" else "sentence-transformers"
    folder = prepare(resolve(spec), cache_dir, progress, runtime, device)
    if read(folder).runtime == "sentence-transformers":
        from rag.encoders.transformer import TransformerEncoder

        return TransformerEncoder(folder, device)
    from rag.encoders.onnx import OnnxEncoder

    return OnnxEncoder(folder)
