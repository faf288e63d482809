"""What users thought of answers, kept in SQLite with the answers themselves, to measure and to calibrate with."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import apsw

from rag.store.database import storing, translated

Rating = Literal["up", "down"]
_SCHEMA = """CREATE TABLE IF NOT EXISTS feedback (
    answer_id TEXT PRIMARY KEY, given TEXT NOT NULL, collection TEXT NOT NULL, rating TEXT NOT NULL, reason TEXT,
    answer TEXT NOT NULL
) STRICT"""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One rating. ``given`` is an ISO 8601 time; ``answer`` is the rated Answer as JSON."""

    answer_id: str
    given: str
    collection: str
    rating: Rating
    reason: str | None
    answer: Mapping[str, Any]


_NAMES = tuple(field.name for field in fields(Feedback))
_COLUMNS = ", ".join(_NAMES)


class FeedbackBook:
    """The feedback of a data folder; the last rating of an answer counts. Safe for threads and processes."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "feedback.sqlite"

    def write(self, feedback: Feedback) -> None:
        """Keep a rating. Raises StoreError."""
        row = (*(getattr(feedback, name) for name in _NAMES[:-1]), json.dumps(feedback.answer, ensure_ascii=False))
        with self._connection() as connection:
            connection.execute(f"INSERT OR REPLACE INTO feedback ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    def read(self) -> list[Feedback]:
        """Return the ratings, oldest first. Raises StoreError."""
        if not self._path.exists():
            return []
        with self._connection() as connection:
            rows: list[Any] = connection.execute(f"SELECT {_COLUMNS} FROM feedback ORDER BY given").fetchall()  # noqa: S608
        named = [dict(zip(_NAMES, row, strict=True)) for row in rows]
        return [Feedback(**row | {"answer": json.loads(row["answer"])}) for row in named]

    @contextmanager
    def _connection(self) -> Iterator[apsw.Connection]:
        with storing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        with translated(self._path):
            connection = apsw.Connection(str(self._path))
            try:
                connection.set_busy_timeout(5000)
                connection.execute(_SCHEMA)
                yield connection
            finally:
                connection.close()
