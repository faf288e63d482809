"""Where a model comes from: the bundled one, a folder, or a name of the Hugging Face hub."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.encoders import additions, bias, bundled, distilled
from rag.encoders.manifest import FORMAT
from rag.errors import ModelNotFound

BUNDLED = "bundled"
Runtime = Literal["onnx", "sentence-transformers"]

_UNUSED = ("*.bin", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.onnx_data", "openvino/*", "onnx/*", "*.gguf")
"""Files of other frameworks, and pickled weights, which are never loaded."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model that is there: ``folder`` is None for the bundled one. ``stamp`` changes when its files do."""

    spec: str
    folder: Path | None
    stamp: str

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", Path(self.spec).name.lower()).strip("-") or "model"

    def prepared_in(self, cache_dir: Path, runtime: Runtime) -> Path:
        """Return where it is, or would be, prepared; another model, format or parallel text, another folder."""
        identity = f"{self.stamp[:12]}-{bias.parallel_digest()[:8]}"
        if self.folder is None and runtime == "onnx":
            identity += f"-{distilled.READER_SHA256[:8]}"
        return cache_dir / f"{self.slug}-{runtime}-{FORMAT}-{identity}"


def resolve(spec: str) -> Source:
    """Find a model. A name is looked up in the hub's local cache first, and then, unless HF_HUB_OFFLINE is set, online.

    Raises ModelNotFound.
    """
    if spec == BUNDLED:
        both = bundled.SHA256 + additions.ENCODER_SHA256
        return Source(spec, None, hashlib.sha256(both.encode()).hexdigest())
    path = Path(spec).expanduser()
    if path.is_dir():
        return _of(spec, path.resolve())
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", spec) or spec.startswith("."):
        raise ModelNotFound("model_not_found", name=spec)
    return _of(spec, _from_hub(spec if "/" in spec else f"sentence-transformers/{spec}"))


def _of(spec: str, folder: Path) -> Source:
    """Stamp a folder by its files' names, sizes and times of change: reading gigabytes at each start would be slow."""
    if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
        raise ModelNotFound("model_not_in_folder", folder=folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    seen = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return Source(spec, folder, hashlib.sha256(repr((str(folder), seen)).encode()).hexdigest())


def _from_hub(repository: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
            raise ModelNotFound("model_offline", name=repository) from error
    try:
        return Path(snapshot_download(repository, ignore_patterns=list(_UNUSED)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelNotFound("model_not_fetched", name=repository, reason=error) from error
