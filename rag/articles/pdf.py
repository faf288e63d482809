"""PDF, one article a file, with the pages on which its parts stand."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from rag.articles.drafts import LARGEST as LARGEST_TEXT
from rag.articles.drafts import Draft, Metadata
from rag.articles.identity import id_of_path
from rag.articles.normalisation import normalise_line
from rag.articles.pdf_layout import Run, lay_out
from rag.errors import ArticleError

LARGEST = 128 << 20
"""Bytes of a file, pictures included."""
_SECONDS = 120  # on the clock, where the child's own limit of processor time cannot be set
_CHILD = Path(__file__).with_name("pdf_child.py")
_CHARACTERS = 10  # a page has at least, were it no picture


def read_pdf(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of a PDF."""
    size = path.stat().st_size
    if size > LARGEST:
        raise ArticleError("article_too_large", origin=origin, limit=LARGEST >> 20)
    if not size:
        raise ArticleError("article_empty", origin=origin)
    told = _told(path, origin)
    pages = [(height, [Run(*run) for run in runs]) for height, runs in told["pages"]]
    letters = sum(len(run.text) for _, runs in pages for run in runs)
    if letters < _CHARACTERS * len(pages):
        raise ArticleError("pdf_without_text", origin=origin, pages=len(pages))
    laid = lay_out(pages)
    title = normalise_line(told["title"] or "")
    printed = any(line.text.casefold() == title.casefold() for line in laid.lines)
    metadata = Metadata(title=title if title and printed else None, url=laid.address)
    yield Draft(origin, laid.lines, id_of_path(PurePosixPath(origin)), metadata, laid.removed)


def _told(path: Path, origin: str) -> dict[str, Any]:
    """Return what the child process tells of a file. Raises ArticleError where that is a problem, or it dies."""
    command = [sys.executable, "-P", str(_CHILD), str(path.resolve()), str(LARGEST_TEXT)]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)  # noqa: S603 - no shell
        told: dict[str, Any] = json.loads(ended.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise ArticleError("pdf_too_hard", origin=origin) from error
    problem = told.get("problem")
    if problem == "large":
        raise ArticleError("article_too_large", origin=origin, limit=LARGEST_TEXT >> 20)
    if problem:
        raise ArticleError("pdf_encrypted" if problem == "encrypted" else "pdf_damaged", origin=origin)
    return told
