"""JSON Lines: one article a line, read one line at a time.

``{"id", "title", "text", "url", "published", "outlet", "lang"}``, all but ``text`` optional, other keys ignored.
"""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rag.articles.decoding import is_binary
from rag.articles.drafts import Draft, Metadata
from rag.articles.identity import id_of_content
from rag.articles.lines import plain_lines
from rag.articles.normalisation import normalise
from rag.errors import ArticleError

LARGEST_LINE = 4 << 20
"""Bytes of a line, which holds one article, as in `drafts.LARGEST`."""


def read_json_lines(path: Path, origin: str) -> Iterator[Draft | ArticleError]:
    """Yield the article of each line that is not blank, or what is wrong with it."""
    with path.open("rb") as file:
        if is_binary(file.peek(4096)[:4096]):
            raise ArticleError("article_binary", origin=origin)
        lines = 0
        for number, line in _numbered(file):
            if line is not None and not line.strip():
                continue
            lines += 1
            try:
                yield _draft(line, f"{origin}:{number}")
            except ArticleError as error:
                yield error
        if not lines:
            raise ArticleError("article_empty", origin=origin)


def _numbered(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield lines, counted from 1, None for one that is too long."""
    number = 0
    while line := file.readline(LARGEST_LINE + 1):
        number += 1
        whole = len(line) <= LARGEST_LINE
        yield number, (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line) if whole else None
        while not (whole or line.endswith(b"\n")) and line:
            line = file.readline(LARGEST_LINE)


def _draft(line: bytes | None, origin: str) -> Draft:
    if line is None:
        raise ArticleError("article_too_large", origin=origin, limit=LARGEST_LINE >> 20)
    try:
        record = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ArticleError("json_invalid", origin=origin, reason=error) from error
    if not isinstance(record, dict):
        raise ArticleError("json_not_an_object", origin=origin)
    text = record.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ArticleError("json_without_text", origin=origin)
    metadata = Metadata.of(record, origin)
    text = normalise(text)
    return Draft(origin, plain_lines(text), id_of_content(metadata.url, metadata.title, text), metadata)
