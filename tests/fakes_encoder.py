"""An encoder without a model, for tests of what stands on an encoder."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import numpy as np

from rag.languages import fold
from rag.protocols import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class WordEncoder:
    """Texts are near when they share words: a vector is the sum of a random vector for each folded word."""

    name = "words"
    fingerprint = "words-1"
    max_tokens = 64

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_queries(self, texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_passages(texts, languages)

    def encode_passages(
        self,
        texts: Sequence[str],
        languages: Sequence[str],
        progress: Progress = silent,
    ) -> NDArray[np.float32]:
        assert len(texts) == len(languages)
        progress("encode", 1.0)
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, self.dimension)

    def _vector(self, text: str) -> NDArray[np.float32]:
        words = re.findall(r"\w+", fold(text)) or [text]
        total = np.sum([self._word(word) for word in words], axis=0)
        return (total / np.linalg.norm(total)).astype(np.float32)

    def _word(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
        return np.random.default_rng(seed).standard_normal(self.dimension)
