"""Articles that were sent rather than found in a folder: staged as files, and read as those of a folder are."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from rag.articles import SUFFIXES, read
from rag.articles.drafts import Detect
from rag.articles.identity import id_of_path
from rag.errors import ArticleError
from rag.store.database import storing
from rag.types import Article

ORIGIN = "upload"
"""Where the articles' ``origin`` begins: they stay when a folder is synced with the collection."""


class Upload:
    """A temporary folder of files under names of our own making. Its methods raise StorageFull."""

    def __init__(self) -> None:
        with storing(Path(tempfile.gettempdir(), "askpress")):
            self._folder = Path(tempfile.mkdtemp(prefix="askpress-")).resolve()
        self._files: dict[Path, str] = {}
        self._refused: list[ArticleError] = []

    def add_file(self, name: str, content: BinaryIO) -> None:
        """Stage a file; its name gives its kind and, made harmless, the id of its article."""
        given = PurePosixPath("".join(filter(str.isprintable, name.replace("\\", "/").rpartition("/")[2])) or "-")
        if given.suffix.lower() not in SUFFIXES:
            self._refused.append(ArticleError("article_suffix_unknown", path=given, known=", ".join(SUFFIXES)))
            return
        with self._new(id_of_path(given) + given.suffix.lower(), str(given)) as file:
            shutil.copyfileobj(content, file)

    def add_records(self, records: Iterable[Mapping[str, str]]) -> None:
        """Stage articles given as records, with the keys of a line of JSON Lines."""
        with self._new("articles.jsonl", "articles.jsonl") as file:
            file.writelines(f"{json.dumps(record)}\n".encode() for record in records)

    def articles(self, detect: Detect) -> Iterator[Article | ArticleError]:
        """Yield what the files hold, and what is wrong with those that cannot be read, by the names they came with."""
        yield from self._refused
        for path, given in self._files.items():
            for found in read(path, root=path.parent, detect=detect):
                if isinstance(found, ArticleError):
                    named = {key: found.values[key] for key in ("origin", "path") if key in found.values}
                    told: dict[str, object] = {key: _renamed(str(value), path, given) for key, value in named.items()}
                    yield ArticleError(found.key, **(found.values | told))
                else:
                    yield replace(found, origin=f"{ORIGIN}/{_renamed(found.origin, path, given)}")

    def remove(self) -> None:
        """Remove the folder; what cannot be removed is left to the system, which clears its temporary files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def _new(self, name: str, given: str) -> Iterator[BinaryIO]:
        """A new file in a folder of its own, so that two of one name do not meet; ``given`` is what its sender sees."""
        path = self._folder / str(len(self._files)) / name
        with storing(path):
            path.parent.mkdir()
            with path.open("xb") as file:
                yield file
        self._files[path] = given


def _renamed(told: str, path: Path, given: str) -> str:
    """Return the path or the origin of a staged file, which may name a line, by the name that the file came with."""
    return given + told.removeprefix(f"{path.parent}/").removeprefix(path.name)
