"""Plain text, one article a file."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rag.articles.decoding import decode
from rag.articles.drafts import LARGEST, Draft
from rag.articles.identity import id_of_path
from rag.articles.lines import plain_lines
from rag.articles.normalisation import normalise
from rag.errors import ArticleError


def load_bytes(path: Path, origin: str, limit: int) -> bytes:
    """Return what a file holds. Raises ArticleError where it has more than ``limit`` bytes, and OSError."""
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ArticleError("article_too_large", origin=origin, limit=limit >> 20)
    return data


def load(path: Path, origin: str) -> str:
    """Return the normalised text of a file. Raises ArticleError where it is too large or no text, and OSError."""
    return normalise(decode(load_bytes(path, origin, LARGEST), origin))


def read_plain(path: Path, origin: str) -> Iterator[Draft]:
    """Yield the article of a text file."""
    yield Draft(origin, plain_lines(load(path, origin)), id_of_path(PurePosixPath(origin)))
