"""Which files are articles, and what is in them."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from rag.articles.drafts import Detect, Draft, finish
from rag.articles.epub import read_epub
from rag.articles.feed import read_feed
from rag.articles.jsonlines import read_json_lines
from rag.articles.mail import read_mail, read_mhtml
from rag.articles.markdown import read_markdown
from rag.articles.office import read_docx, read_odt
from rag.articles.pdf import read_pdf
from rag.articles.plain import read_plain
from rag.articles.webpage import read_page
from rag.errors import ArticleError
from rag.types import Article

Reader = Callable[[Path, str], Iterator[Draft | ArticleError]]
"""Yields the drafts of a file; the string is its origin, to be named in errors. May raise ArticleError and OSError."""

SUFFIXES: Mapping[str, Reader] = {
    ".txt": read_plain,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".html": read_page,
    ".htm": read_page,
    ".xhtml": read_page,
    ".mhtml": read_mhtml,
    ".mht": read_mhtml,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".odt": read_odt,
    ".epub": read_epub,
    ".rss": read_feed,
    ".atom": read_feed,
    ".xml": read_feed,
    ".eml": read_mail,
}
"""The reader of each kind of file, by suffix in lower case."""


def find(folder: Path) -> tuple[list[Path], list[ArticleError]]:
    """Return the files below a folder that `read` can read, sorted by path, and the folders that cannot be listed.

    Hidden files and folders are left out, so are links to folders, and links that lead out of the folder. Raises
    ArticleError where the folder itself cannot be listed.
    """
    root = folder.resolve()
    found: list[Path] = []
    unread: list[ArticleError] = []

    def failed(error: OSError) -> None:
        unread.append(ArticleError("path_unreadable", path=error.filename, reason=error.strerror))
        if error.filename == str(folder):
            raise unread[0] from error

    for parent, folders, names in os.walk(folder, onerror=failed):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122
                path = Path(parent, name)
                if path.is_file() and (not path.is_symlink() or _inside(path, root)):
                    found.append(path)
    return sorted(found), unread


def read(
    path: Path, *, detect: Detect, root: Path | None = None, today: date | None = None
) -> Iterator[Article | ArticleError]:
    """Yield the articles of a file, and an ArticleError, as a value, for each that cannot be read. Raises nothing else.

    A file that cannot be read at all yields one error. ``root`` is the collection's folder, by default the file's own:
    origins and ids come from the path below it, and a file that is not in it, by a link or not, is refused. ``detect``
    tells the language where the file does not; ``today`` is the day after which no article is dated.
    """
    root = root or path.parent
    day = today or datetime.now(UTC).date()
    try:
        origin = _origin(path, root)
        for draft in _reader(path)(path, origin):
            try:
                yield draft if isinstance(draft, ArticleError) else finish(draft, detect, day)
            except ArticleError as error:
                yield error
    except ArticleError as error:
        yield error
    except OSError as error:
        yield ArticleError("path_unreadable", path=path, reason=error.strerror)


def _origin(path: Path, root: Path) -> str:
    if not _inside(path, root.resolve()):
        raise ArticleError("article_outside", path=path, root=root)
    if path.is_relative_to(root) and ".." not in path.parts:
        return path.relative_to(root).as_posix()  # a link keeps its own name
    return path.resolve().relative_to(root.resolve()).as_posix()


def _reader(path: Path) -> Reader:
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None:
        raise ArticleError("article_suffix_unknown", path=path, known=", ".join(SUFFIXES))
    return reader


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except ValueError:  # a NUL in the path
        return False
