"""What filters ask of passages, as arrays beside the indexes: no question reads the table of articles for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rag.days import first_day, last_day
from rag.store.filters import comes_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from rag.types import Filters

_NAMES = ("passage", "language", "sources", "first", "last")
_ROW = np.dtype([(name, "<i8" if name == "passage" else "<i4") for name in _NAMES])
_UNDATED = (99_999_999, 0)  # begins after every day and ends before it: in no range


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """An array of one number a passage for each of ``_NAMES``; languages and sources are given by their places here.

    Passages are in the order of their numbers, and sources the JSON of what ``filters.sources`` returns.
    """

    arrays: Mapping[str, NDArray[np.int64]]
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @classmethod
    def build(cls, rows: Iterable[tuple[int, str, str, str | None, str | None]]) -> Columns:
        """Take (passage, language, sources, first day, last day) rows."""
        return cls({name: np.empty(0, _ROW[name]) for name in _NAMES}).extended(rows)

    def extended(self, rows: Iterable[tuple[int, str, str, str | None, str | None]]) -> Columns:
        """Return columns with more rows behind these."""
        languages = {name: place for place, name in enumerate(self.languages)}
        sources = {named: place for place, named in enumerate(self.sources)}
        new = np.fromiter(
            (
                (passage, languages.setdefault(language, len(languages)), sources.setdefault(named, len(sources)))
                + ((_number(first), _number(last)) if first and last else _UNDATED)
                for passage, language, named, first, last in rows
            ),
            _ROW,
        )
        arrays = {name: np.concatenate([array, new[name]]) for name, array in self.arrays.items()}
        return replace(self, arrays=arrays, languages=tuple(languages), sources=tuple(sources))

    @classmethod
    def load(cls, path: Path) -> Columns:
        """Read a file whose hash has been verified."""
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            languages, sources = json.loads(arrays["names"].tobytes())
            return cls({name: arrays[name] for name in _NAMES}, tuple(languages), tuple(sources))

    def save(self, path: Path) -> None:
        names = np.frombuffer(json.dumps([self.languages, self.sources]).encode(), np.uint8)
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, names=names, **self.arrays)

    @property
    def passages(self) -> NDArray[np.int64]:
        return self.arrays["passage"]

    def __len__(self) -> int:
        return len(self.passages)

    def mask(self) -> NDArray[np.bool_]:
        """Return which numbers are of a passage, indexed by them."""
        return self._mask(self.passages)

    def passing(self, filters: Filters) -> NDArray[np.bool_]:
        """Return which numbers are of a passage that the filters let through, indexed by them."""
        kept = np.ones(len(self), dtype=np.bool_)
        if filters.languages:
            kept &= np.isin(self.arrays["language"], _places(self.languages, filters.languages))
        if filters.sources:
            named = [known for known in self.sources if comes_from(json.loads(known), filters)]
            kept &= np.isin(self.arrays["sources"], _places(self.sources, named))
        if filters.since is not None:
            kept &= self.arrays["last"] >= _number(first_day(filters.since))
        if filters.until is not None:
            kept &= self.arrays["first"] <= _number(last_day(filters.until))
        return self._mask(self.passages[kept])

    def _mask(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        mask = np.zeros(int(self.passages.max(initial=0)) + 1, dtype=np.bool_)
        mask[numbers] = True
        return mask


def _places(known: Iterable[str], wanted: Iterable[str]) -> list[int]:
    chosen = set(wanted)
    return [place for place, name in enumerate(known) if name in chosen]


def _number(day: str) -> int:
    """Return a day as a number that compares as the string does."""
    return int(day.replace("-", ""))
