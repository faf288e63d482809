"""What has changed between a folder and a collection, told while the folder is read.

A file whose size and time are those remembered is not opened, and one whose content is that remembered is not read.
Only the article at hand is in memory; of the others their ids and digests are.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, Protocol

from rag.articles import SUFFIXES, find, read
from rag.errors import ArticleError, ArticleNotFound
from rag.protocols import Progress, Store, silent
from rag.types import Article, ArticleSummary, Origin, Reading

Action = Literal["added", "updated", "removed", "unchanged", "duplicate"]
Why = Literal["new", "changed", "moved", "gone", "same", "copy"]
_SETTLED = 2_000_000_000  # nanoseconds after which a file can no longer change unseen, its time of change being coarse
TOLD = ("text", "title", "published", "url", "outlet", "language")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one article, and why.

    ``article`` is there for one to be added or updated. ``original`` is where a copy stands already; ``fields`` are
    those in which an article differs from the one kept.
    """

    action: Action
    why: Why
    id: str
    origin: str
    original: str = ""
    fields: tuple[str, ...] = ()
    article: Article | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync would do; ``unchanged`` counts articles."""

    changes: tuple[Change, ...]
    unchanged: int
    failures: tuple[ArticleError, ...]


Found = Change | ArticleError | Origin
"""What comparing yields: an Origin comes after the changes of its articles, to be remembered once they are made."""


class Changes(Protocol):
    """Changes that are told while they are found out, and how much of that is done: 0.0 to 1.0."""

    @property
    def fraction(self) -> float: ...

    def __iter__(self) -> Iterator[Found]: ...


class Comparison:
    """Compares articles with those that ``kept`` returns by their ids.

    ``foreign`` tells of the origins of a kept article and of one with the same id that this must not replace it.
    """

    def __init__(
        self,
        store: Store | None,
        kept: Callable[[str], Article | ArticleSummary | None],
        foreign: Callable[[str, str], bool],
    ) -> None:
        self.seen: dict[str, str] = {}
        self._store = store
        self._kept = kept
        self._foreign = foreign
        self._contents: dict[str, str] = {}

    def judge(self, reading: Reading) -> Change | ArticleError:
        """Tell what is to become of an article, and count it as seen."""
        article_id, digest, content, origin = reading
        if content in self._contents:
            return Change("duplicate", "copy", article_id, origin, original=self._contents[content])
        if holder := self._holder(article_id, origin):
            return ArticleError("id_taken", origin=origin, id=article_id, other=holder)
        self.seen[article_id] = self._contents[content] = origin
        other = self._kept(article_id)
        if other is None:
            return Change("added", "new", article_id, origin)
        if other.digest != digest:
            return Change("updated", "changed", article_id, origin)
        if other.origin != origin:
            return Change("updated", "moved", article_id, origin)
        return Change("unchanged", "same", article_id, origin)

    def holds(self, readings: Iterable[Reading]) -> bool:
        """Whether the collection has articles just as they were read."""
        return all((kept := self._kept(r.id)) is not None and kept.digest == r.digest for r in readings)

    def _holder(self, article_id: str, origin: str) -> str | None:
        """Return where the article stands that an id belongs to already."""
        other = self._kept(article_id)
        if other and self._foreign(other.origin, origin):
            return other.origin
        return self.seen.get(article_id)

    def forget(self, readings: Iterable[Reading]) -> None:
        """Take back that articles were seen."""
        for reading in readings:
            if self.seen.get(reading.id) == reading.origin:
                del self.seen[reading.id]
            if self._contents.get(reading.content) == reading.origin:
                del self._contents[reading.content]

    def look(self, article: Article) -> tuple[Reading, Change | ArticleError]:
        """Judge an article that is at hand; the change has it where it is needed."""
        reading = _reading(article)
        verdict = self.judge(reading)
        if isinstance(verdict, Change) and _wants_article(verdict):
            verdict = replace(verdict, article=article, fields=self._differences(article, verdict))
        return reading, verdict

    def _differences(self, article: Article, change: Change) -> tuple[str, ...]:
        if change.why != "changed" or self._store is None:
            return ()
        kept = self._store.article(article.id)
        return tuple(name for name in TOLD if getattr(kept, name) != getattr(article, name))


def kept_in(store: Store) -> Callable[[str], Article | None]:
    """Return how to look up an article that may not be there."""

    def kept(article_id: str) -> Article | None:
        try:
            return store.article(article_id)
        except ArticleNotFound:
            return None

    return kept


class FolderChanges:
    """The changes that bring a collection in step with a folder or a file, in the order of the files' paths.

    Articles that came from elsewhere stay, and so do those of a file or folder that cannot be read: a damaged file is
    no wish to delete. Raises ArticleError where there is nothing to read at all.
    """

    def __init__(self, root: Path, store: Store | None, detect: Callable[[str], str]) -> None:
        self._root, self._detect = root, detect
        self._base = root if root.is_dir() else root.parent
        self._paths, self._unread = _paths(root)
        self._origins = store.origins() if store else {}
        self._marks = {path: _mark(path) for path in self._paths}
        self._spared = {str(error.values["path"]) for error in self._unread}
        self._known = {summary.id: summary for summary in store.articles()} if store else {}
        self._comparison = Comparison(store, self._known.get, self._is_foreign)
        self._sizes = {path: self._size(path) for path in self._paths}
        self._done, self._total = 0, sum(self._sizes.values())

    @property
    def fraction(self) -> float:
        """How much of what has to be read was read, by bytes."""
        return self._done / self._total if self._total else 1.0

    def plan(self, progress: Progress = silent) -> Plan:
        """Read everything, and return what is to be done."""
        changes: list[Change] = []
        failures: list[ArticleError] = []
        unchanged = 0
        for found in self:
            progress("read", self.fraction)
            if isinstance(found, ArticleError):
                failures.append(found)
            elif isinstance(found, Change) and found.action == "unchanged":
                unchanged += 1
            elif isinstance(found, Change):
                changes.append(replace(found, article=None))
        return Plan(tuple(changes), unchanged, tuple(failures))

    @property
    def forgotten(self) -> tuple[str, ...]:
        """The names of remembered files that are gone."""
        there = {path.as_posix() for path in self._paths}
        return tuple(name for name in self._origins if _below(name, self._root) and name not in there)

    def __iter__(self) -> Iterator[Found]:
        yield from self._unread
        for path in self._paths:
            before = self._done
            yield from self._of_file(path)
            self._done = before + self._sizes[path]
        for summary in self._known.values():
            if summary.id not in self._comparison.seen and self._is_gone(summary.origin):
                yield Change("removed", "gone", summary.id, summary.origin)

    def _size(self, path: Path) -> int:
        """The bytes to read of a file: none where it is as remembered."""
        origin, (mark, size) = self._origins.get(path.as_posix()), self._marks[path]
        return 0 if origin and origin.mark == mark != "" else size

    def _of_file(self, path: Path) -> Iterator[Found]:
        origin = self._origins.get(path.as_posix())
        mark, _ = self._marks[path]
        digest = origin.digest if origin and origin.mark == mark != "" else _digest(path)
        if origin and origin.digest == digest != "":
            verdicts = [self._comparison.judge(reading) for reading in origin.readings]
            if not any(isinstance(verdict, Change) and _wants_article(verdict) for verdict in verdicts):
                yield from verdicts
                if origin.mark != mark:
                    yield replace(origin, mark=mark)
                return
            self._comparison.forget(origin.readings)
        yield from self._read(path, mark, digest)

    def _read(self, path: Path, mark: str, digest: str) -> Iterator[Found]:
        readings: list[Reading] = []
        end = self._done + self._sizes[path]
        for found in read(path, root=self._base, detect=self._detect):
            if isinstance(found, ArticleError):
                self._spared.add(str(path))
                yield found
                continue
            self._done = min(self._done + len(found.text.encode()), end)
            reading, verdict = self._comparison.look(replace(found, origin=f"{self._base.as_posix()}/{found.origin}"))
            readings.append(reading)
            yield verdict
        if str(path) not in self._spared:
            yield Origin(path.as_posix(), mark, digest, tuple(readings))

    def _is_foreign(self, origin: str, _: str) -> bool:
        return not _below(origin, self._root) and Path(file_of(origin)).exists()

    def _is_gone(self, origin: str) -> bool:
        unread = any(_below(origin, Path(str(error.values["path"]))) for error in self._unread)
        return _below(origin, self._root) and file_of(origin) not in self._spared and not unread


def file_of(origin: str) -> str:
    """The file of an origin, which may name a line after it."""
    path, colon, line = origin.rpartition(":")
    return path if colon and line.isdigit() else origin


def _below(origin: str, root: Path) -> bool:
    file, folder = file_of(origin), root.as_posix()
    return file == folder or file.startswith(folder.rstrip("/") + "/")


def _wants_article(change: Change) -> bool:
    return change.action in ("added", "updated")


def _reading(article: Article) -> Reading:
    content = hashlib.sha256(f"{article.title}\n{article.text}\n{article.url}\n{article.outlet}".encode()).hexdigest()
    return Reading(article.id, article.digest, content, article.origin)


def _paths(root: Path) -> tuple[Sequence[Path], Sequence[ArticleError]]:
    if not root.exists():
        raise ArticleError("path_not_found", path=root)
    paths, unread = find(root) if root.is_dir() else ([root], [])
    if not paths and not unread:
        raise ArticleError("no_articles", path=root, known=", ".join(SUFFIXES))
    return paths, unread


def _mark(path: Path) -> tuple[str, int]:
    """Return what tells that a file has not changed, empty where that cannot be told, and the file's size."""
    try:
        status = path.stat()
    except OSError:
        return "", 0  # to read it will tell what is wrong
    settled = time.time_ns() - status.st_mtime_ns > _SETTLED
    return f"{status.st_size} {status.st_mtime_ns} {readers()}" if settled else "", status.st_size


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.sha256(readers().encode())).hexdigest()
    except OSError:
        return ""


@cache
def readers() -> str:
    """A digest of what reads articles: where that has changed, they are read again."""
    digest = hashlib.sha256(files("rag").joinpath("languages.py").read_bytes())
    for module in sorted(files("rag.articles").iterdir(), key=lambda module: module.name):
        if module.name.endswith((".py", ".json")):
            digest.update(module.read_bytes())
    return digest.hexdigest()[:16]
