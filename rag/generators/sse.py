"""Server-sent events, read from bytes as they come: WHATWG HTML, section 9.2, "Server-sent events".

``httpx-sse`` reads them too, but keeps a line of any length, dispatches events without data, keeps a byte order mark
and holds a line that ends in CR until more comes.
"""

import re
from collections.abc import Iterator

MOST_BYTES = 1 << 20
_LINE_END = re.compile(rb"\r\n|\r|\n")  # none of these bytes occurs within a character of UTF-8
_BYTE_ORDER_MARK = "\ufeff"


class EventReader:
    """Yields the data of each event. Types, ids and retry times are read over: every data of a model names its type."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._line = bytearray()
        self._data: list[str] = []
        self._bytes = 0
        self._after_cr = False
        self._first = True

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield what these bytes complete. Raises ValueError for an event that is larger than ``most_bytes``."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        elif not chunk:
            return
        self._after_cr = chunk.endswith(b"\r")
        *ends, rest = _LINE_END.split(chunk)
        for end in ends:
            self._add(end)
            line = self._line.decode("utf-8", "replace")
            self._line.clear()
            yield from self._read(line)
        self._add(rest)

    def _add(self, part: bytes) -> None:
        self._line += part
        self._bytes += len(part)
        if self._bytes > self._most_bytes:
            raise ValueError(f"an event of more than {self._most_bytes} bytes")

    def _read(self, line: str) -> Iterator[str]:
        if self._first:
            line, self._first = line.removeprefix(_BYTE_ORDER_MARK), False
        field, _, value = line.partition(":")
        if field == "data":
            self._data.append(value.removeprefix(" "))
        if not line:
            data, self._data, self._bytes = self._data, [], 0
            if data:
                yield "\n".join(data)
