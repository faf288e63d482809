"""A collection as one file: a zip of JSON Lines and vectors, read without unpacking anything to the disk.

``manifest.json`` names the format, the encoder and the SHA-256 of the other two; ``articles.jsonl`` holds an article a
line, its origin no more than a file's name; ``vectors.bin`` holds rows of the SHA-256 of an encoded text (32 bytes) and
its vector (little-endian float16). Who imports such a file need not trust who made it.
"""

import dataclasses
import hashlib
import json
import os
import secrets
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path, PurePath

import numpy as np
from pydantic import TypeAdapter, ValidationError

from rag.articles.identity import usable_id, usable_url
from rag.articles.normalisation import normalise
from rag.collections import building
from rag.days import DATE
from rag.encoders import load as load_encoder
from rag.errors import ArchiveError, StoreError
from rag.indexing import BATCH, Indexer
from rag.protocols import Progress, silent
from rag.settings import COLLECTION_NAME, Settings
from rag.store.database import storing
from rag.store.embedded import EmbeddedStore
from rag.types import Article, StoreState, as_json

FORMAT, VERSION = "askpress-collection", 1
_MANIFEST, _ARTICLES, _VECTORS = "manifest.json", "articles.jsonl", "vectors.bin"
_HASH = 32  # bytes of a SHA-256
_CHUNK = 1 << 20  # bytes

MOST_ARTICLES = 10_000_000
MOST_BYTES = 64 << 30
"""Of all members, unpacked."""
MOST_RATIO = 200
"""Bytes unpacked for one packed; articles have some 4, and what deflate packs best 1,000."""
LONGEST_LINE = 64 << 20
LARGEST_MANIFEST = 1 << 16


@dataclass(frozen=True, slots=True)
class Member:
    """What the manifest says of a member."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    format: str
    version: int
    askpress: str
    collection: str
    encoder: str | None
    dimension: int
    articles: int
    members: dict[str, Member]


def write_archive(store: EmbeddedStore, name: str, path: Path, *, overwrite: bool = False) -> int:
    """Write a collection to a file, all of one generation, and return how many articles it has.

    The file is there when it is complete. Raises ArchiveError where there is one already, StoreError.
    """
    with (
        written_aside(path, overwrite=overwrite) as aside,
        store.whole() as whole,
        zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        articles = _Written(archive, _ARTICLES, zipfile.ZIP_DEFLATED)
        count = articles.write(_line(article) for article in whole.articles())
        vectors = _Written(archive, _VECTORS, zipfile.ZIP_STORED)
        vectors.write(bytes.fromhex(digest) + vector for digest, vector in whole.vectors())
        members = {_ARTICLES: articles.member, _VECTORS: vectors.member}
        manifest = Manifest(FORMAT, VERSION, version("askpress"), name, whole.encoder, whole.dimension, count, members)
        archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=1))
    return count


@contextmanager
def written_aside(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Lend the path of a file beside ``path`` that takes its place, durable, if the block ends well.

    Raises ArchiveError where there is such a file already, StorageFull where it cannot be written.
    """
    if path.exists() and not overwrite:
        raise ArchiveError("file_exists", path=path)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with storing(path):
            yield aside
            with aside.open("rb+") as file:
                os.fsync(file.fileno())
            aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


class _Written:
    """A member as it is written."""

    def __init__(self, archive: zipfile.ZipFile, name: str, method: int) -> None:
        self._archive = archive
        self._info = zipfile.ZipInfo(name)
        self._info.compress_type = method
        self.member = Member(0, "")

    def write(self, pieces: Iterable[bytes]) -> int:
        """Write pieces, and return how many."""
        count = size = 0
        hashed = hashlib.sha256()
        with self._archive.open(self._info, "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)
                hashed.update(piece)
                count, size = count + 1, size + len(piece)
        self.member = Member(size, hashed.hexdigest())
        return count


def _line(article: Article) -> bytes:
    """An article as a line; where its file lay is nobody else's business."""
    kept = dataclasses.replace(article, origin=PurePath(article.origin.replace("\\", "/")).name)
    return f"{json.dumps(as_json(kept), ensure_ascii=False)}\n".encode()


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive whose every member has been looked at: see ``opened``."""

    manifest: Manifest
    _archive: zipfile.ZipFile
    _path: Path

    def articles(self) -> Iterator[Article]:
        """Yield the articles. Raises ArchiveError for a line that is none."""
        adapter = TypeAdapter(Article)
        count = 0
        with _readable(self._path), self._archive.open(_ARTICLES) as file:
            while line := file.readline(LONGEST_LINE + 1):
                count += 1
                if len(line) > LONGEST_LINE or count > self.manifest.articles:
                    raise self._wrong(f"{_ARTICLES}:{count}")
                try:
                    article = adapter.validate_json(line, extra="forbid")
                except ValidationError as error:
                    raise self._wrong(f"{_ARTICLES}:{count}") from error
                if not _is_sound(article):
                    raise self._wrong(f"{_ARTICLES}:{count}")
                yield article
        if count != self.manifest.articles:
            raise self._wrong(_ARTICLES)

    def vectors(self) -> Iterator[tuple[str, bytes]]:
        """Yield the (digest, vector) of texts, vectors as bytes of float16. Raises ArchiveError for what is none."""
        width = _HASH + 2 * self.manifest.dimension
        with _readable(self._path), self._archive.open(_VECTORS) as file:
            while rows := file.read(width * 4096):
                if len(rows) % width:
                    raise self._wrong(_VECTORS)
                table = np.frombuffer(rows, np.uint8).reshape(-1, width)
                vectors = np.ascontiguousarray(table[:, _HASH:]).view("<f2").astype(np.float32)
                lengths = np.linalg.norm(vectors, axis=1)
                if not (np.abs(lengths - 1) < 0.01).all():  # NaN is not near 1 either
                    raise self._wrong(_VECTORS)
                for row in table:
                    yield row[:_HASH].tobytes().hex(), row[_HASH:].tobytes()

    def _wrong(self, what: str) -> ArchiveError:
        return ArchiveError("archive_damaged", path=self._path, what=what)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Lend an archive whose members are those that its manifest names, of no more than bearable size, and unchanged.

    Raises ArchiveError.
    """
    with _readable(path):
        archive = zipfile.ZipFile(path)
    with archive:
        with _readable(path):
            _check_members(archive, path)
            manifest = _manifest(archive, path)
            for name, expected in manifest.members.items():
                if _summed(archive, name) != expected:
                    raise ArchiveError("archive_damaged", path=path, what=name)
        yield Archive(manifest, archive, path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn the errors of a file that is no zip, or a broken one, into ArchiveError."""
    try:
        yield
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error) as error:
        raise ArchiveError("archive_unreadable", path=path, reason=error) from error


def _check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse what no export writes: other names, links, other ways to pack, and sizes that cannot be or bear."""
    members = archive.infolist()
    plain = all(
        member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        and not member.flag_bits & 1  # encrypted
        and member.external_attr >> 28 in (0, 8)  # unknown, or a regular file
        for member in members
    )
    if not plain or sorted(member.filename for member in members) != sorted((_MANIFEST, _ARTICLES, _VECTORS)):
        raise ArchiveError("archive_foreign", path=path)
    packed, unpacked = sum(m.compress_size for m in members), sum(m.file_size for m in members)
    bombs = [m for m in members if m.file_size > max(_CHUNK, MOST_RATIO * m.compress_size)]
    manifest = archive.getinfo(_MANIFEST).file_size
    if packed > path.stat().st_size or unpacked > MOST_BYTES or bombs or manifest > LARGEST_MANIFEST:
        raise ArchiveError("archive_too_large", path=path)


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        found = json.loads(archive.read(_MANIFEST))
        if (found["format"], type(found["version"])) != (FORMAT, int):
            raise ArchiveError("archive_foreign", path=path)
        if found["version"] > VERSION:
            raise ArchiveError("archive_too_new", path=path, version=found["version"], known=VERSION)
        manifest = TypeAdapter(Manifest).validate_python(found, strict=False, extra="forbid")
    except (ValueError, LookupError, TypeError, RecursionError, ValidationError) as error:
        raise ArchiveError("archive_foreign", path=path) from error
    fits = manifest.members.keys() == {_ARTICLES, _VECTORS} and COLLECTION_NAME.fullmatch(manifest.collection)
    if not fits or not 0 <= manifest.dimension <= 1 << 16:
        raise ArchiveError("archive_foreign", path=path)
    if not 0 <= manifest.articles <= MOST_ARTICLES:
        raise ArchiveError("archive_too_large", path=path)
    return manifest


def _summed(archive: zipfile.ZipFile, name: str) -> Member:
    """Return the size and the hash that a member has."""
    hashed, size = hashlib.sha256(), 0
    with archive.open(name) as file:
        while piece := file.read(_CHUNK):
            hashed.update(piece)
            size += len(piece)
    return Member(size, hashed.hexdigest())


def _is_sound(article: Article) -> bool:
    """Whether an article is one that could have been read from a file here."""
    spans = [(span.start, span.stop) for span in article.headings]
    inside = all(0 <= start <= stop <= len(article.text) for start, stop in [*spans, *((p, p) for p in article.pages)])
    lines = [article.title, article.outlet or "", article.published or "", article.language, article.origin]
    harmless = all(line == normalise(line) and "\n" not in line for line in lines)
    return (
        usable_id(article.id)
        and (article.url is None or usable_url(article.url))
        and harmless
        and article.text == normalise(article.text)
        and inside
        and (article.published is None or bool(DATE.fullmatch(article.published)))
    )


def import_archive(
    path: Path, settings: Settings, *, name: str | None = None, replace: bool = False, progress: Progress = silent
) -> tuple[str, StoreState]:
    """Make a collection of an archive, by default of the name that it had; return the name and what it holds.

    Texts that the archive brings no vector of this encoder for are encoded. Raises ArchiveError, EncoderError, and
    StoreError where there is such a collection already, unless it is to be replaced.
    """
    with opened(path) as archive:
        name = name or archive.manifest.collection
        with building(dataclasses.replace(settings, collection=name), replace=replace) as store:
            _fill(store, archive, settings, progress)
            return name, store.state()


def import_backup(path: Path, settings: Settings, *, replace: bool = False) -> StoreState:
    """Make the collection that the settings name of a backup. Raises StoreError where it is none, or a damaged one."""
    with building(settings, replace=replace, backup=path) as store:
        for problem in store.check(repair=True):
            if not problem.repaired:
                raise StoreError(problem.key, **problem.values)
        store.snapshot()
        return store.state()


def is_backup(path: Path) -> bool:
    """Whether a file is a database of SQLite. Raises ArchiveError where it cannot be read."""
    with _readable(path), path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"  # https://sqlite.org/fileformat.html


def _fill(store: EmbeddedStore, archive: Archive, settings: Settings, progress: Progress) -> None:
    encoder = load_encoder(
        settings.encoder, cache_dir=settings.cache_dir, device=settings.encoder_device, progress=progress
    )
    indexer = Indexer(store, encoder, settings.passage_tokens)
    manifest = archive.manifest
    if manifest.encoder == encoder.fingerprint and manifest.dimension == encoder.dimension:
        store.adopt(encoder.fingerprint, archive.vectors())
    articles, done = archive.articles(), 0
    while batch := list(islice(articles, BATCH)):
        progress("embed", done / manifest.articles)
        store.put(indexer.entries(batch))
        done += len(batch)
    progress("snapshot", 0.0)
    store.check(repair=True)  # takes away the vectors that no text needed
    store.snapshot()
