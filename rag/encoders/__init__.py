"""Encoders: the bundled model, a sentence-transformers folder, or a model's name, made ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.encoders import manifest
from rag.encoders.onnx import OnnxEncoder
from rag.encoders.source import resolve
from rag.errors import EncoderError, ModelNotFound
from rag.protocols import silent

if TYPE_CHECKING:
    from pathlib import Path

    from rag.encoders.manifest import Manifest
    from rag.encoders.source import Runtime, Source
    from rag.protocols import Encoder, Progress
    from rag.types import Problem

__all__ = ["described", "load", "prepare", "prepared", "resolve", "verify"]


def load(spec: str = "bundled", *, cache_dir: Path, device: str = "cpu", progress: Progress = silent) -> Encoder:
    """Return an encoder, prepared under ``cache_dir`` the first time.

    ``spec`` is ``bundled``, a sentence-transformers folder, or a name of the Hugging Face hub. On ``cpu`` it runs under
    onnxruntime; on another device, such as ``cuda``, under sentence-transformers. Raises ModelNotFound and
    EncoderError.
    """
    return _opened(prepare(resolve(spec), cache_dir, progress, _runtime(device), device), device)


def prepare(
    source: Source, cache_dir: Path, progress: Progress, runtime: Runtime = "onnx", device: str = "cpu"
) -> Path:
    """Return the folder of the prepared encoder, made if it is not there yet (a minute for the bundled model).

    Raises ModelNotFound and EncoderError.
    """
    folder = source.prepared_in(cache_dir, runtime)
    if not manifest.is_prepared(folder):
        from rag.encoders import preparation  # what exports and quantises is not needed to ask

        preparation.prepare(source, folder, progress, runtime, device)
    return folder


def _runtime(device: str) -> Runtime:
    return "onnx" if device == "cpu" else "sentence-transformers"


def described(spec: str = "bundled", *, cache_dir: Path, device: str = "cpu") -> Manifest | None:
    """Return the facts about an encoder, where it is prepared. Raises ModelNotFound and EncoderError."""
    folder = resolve(spec).prepared_in(cache_dir, _runtime(device))
    return manifest.read(folder) if manifest.is_prepared(folder) else None


def prepared(fingerprint: str, *, cache_dir: Path, device: str = "cpu") -> Encoder | None:
    """Return the encoder that makes vectors with a fingerprint, where it was prepared before. Raises EncoderError."""
    for path in sorted(cache_dir.glob(f"*/{manifest.FILE}")):
        try:
            found = manifest.read(path.parent)
        except EncoderError:  # of an older version, or damaged: it is no help
            continue
        if found.fingerprint == fingerprint:
            return _opened(path.parent, device)
    return None


def _opened(folder: Path, device: str) -> Encoder:
    if manifest.read(folder).runtime == "sentence-transformers":
        from rag.encoders.transformer import TransformerEncoder

        return TransformerEncoder(folder, device)
    return OnnxEncoder(folder)


def verify(spec: str = "bundled", *, cache_dir: Path) -> tuple[Problem, ...]:
    """Compare every file that was prepared for a model with its SHA-256; no problem where nothing is prepared.

    A model that is not there is for ``load`` to tell.
    """
    try:
        source = resolve(spec)
    except ModelNotFound:
        return ()
    runtimes: tuple[Runtime, ...] = ("onnx", "sentence-transformers")
    folders = [source.prepared_in(cache_dir, runtime) for runtime in runtimes]
    return tuple(problem for folder in folders if folder.is_dir() for problem in manifest.verify(folder))
