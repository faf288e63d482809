"""The files of the derived indexes: written aside, hashed, made durable, renamed, and verified before they are opened.

``snapshots/CURRENT`` holds "<name> <SHA-256 of the manifest>", ``snapshots/<name>/manifest.json`` the SHA-256 of every
other file, and a name is "<generation>-<since>-<random>". So one hash that does not match tells of any damage.
``snapshots/DRAFT`` names in the same way what a large build has made so far, which nobody searches.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import apsw

from rag.store.database import storing, sync_folder, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Which = Literal["CURRENT", "DRAFT"]
_MANIFEST = "manifest.json"
_LOCKS = ".tantivy-"  # files of this name come and go with every process that opens the index


class DamagedSnapshotError(Exception):
    """A snapshot is not what was written. It never leaves the store: the indexes are built again.

    A person is told the ``path``; what is wrong with it is told to who reads a traceback.
    """

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} {what}")
        self.path = path


class OutdatedSnapshotError(DamagedSnapshotError):
    """A snapshot is what another version of this program wrote."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a snapshot says of itself: ``last`` is the greatest number of a passage when it was made.

    Passages that went after the generation ``since`` are still in it, and counted.
    """

    generation: int
    since: int
    last: int
    passages: int
    sentences: int
    dimension: int


@dataclass(frozen=True, slots=True)
class Pointer:
    """What CURRENT says, true or not."""

    name: str
    manifest_hash: str


def _sync_and_hash(path: Path) -> str:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


class Snapshots:
    """The folder of snapshots of one collection."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pointer(self, which: Which = "CURRENT") -> Pointer | None:
        """Return which snapshot to use, None before the first; or which draft to go on with."""
        try:
            content = (self.folder / which).read_bytes()
        except FileNotFoundError:
            return None
        name, _, manifest_hash = content.decode("ascii", "replace").strip().partition(" ")
        return Pointer(name, manifest_hash)

    def contents(self, pointer: Pointer) -> Contents:
        """Read a manifest. Raises DamagedSnapshotError, also where another version wrote it."""
        told = self._manifest(pointer)["contents"]
        if told.keys() != {field.name for field in fields(Contents)}:
            raise OutdatedSnapshotError(self.folder / pointer.name, "is of another version")
        return Contents(**told)

    def verified(self, pointer: Pointer) -> Path:
        """Return the folder of a snapshot whose every file was hashed just now. Raises DamagedSnapshotError."""
        folder = self.folder / pointer.name
        for name, expected in self._manifest(pointer)["files"].items():
            path = folder / name
            try:
                with path.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise DamagedSnapshotError(path, f"cannot be read ({error})") from error
            if found != expected:
                raise DamagedSnapshotError(path, "is not what was written to it")
        return folder

    def _manifest(self, pointer: Pointer) -> dict[str, dict[str, Any]]:
        path = self.folder / pointer.name / _MANIFEST
        try:
            content = path.read_bytes()
        except (OSError, ValueError) as error:  # ValueError: no file can have this name
            raise DamagedSnapshotError(path, f"cannot be read ({error})") from error
        if hashlib.sha256(content).hexdigest() != pointer.manifest_hash:
            raise DamagedSnapshotError(path, "is not what was written to it")
        manifest: dict[str, dict[str, Any]] = json.loads(content)
        return manifest

    def write(self, fill: Callable[[Path], Contents], which: Which = "CURRENT") -> None:
        """Make a snapshot of what ``fill`` writes into a folder, and keep the one before it for who still reads it.

        A draft takes the place of the last one, and a snapshot that of any. The caller holds ``building``. Raises
        OSError; then CURRENT, or DRAFT, is what it was.
        """
        aside = self.folder / f"tmp-{secrets.token_hex(4)}"
        try:
            aside.mkdir()
            contents = fill(aside)
            manifest_hash = self._seal(aside, contents)
            name = f"{contents.generation}-{contents.since}-{secrets.token_hex(4)}"
            aside.rename(self.folder / name)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)  # a full disk should get its space back
            raise
        self._point_to(f"{name} {manifest_hash}\n", which)

    def _seal(self, folder: Path, contents: Contents) -> str:
        """Make a folder durable, with a manifest of it, and return the manifest's hash."""
        files = {
            path.relative_to(folder).as_posix(): _sync_and_hash(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(_LOCKS)
        }
        manifest = json.dumps({"contents": asdict(contents), "files": files}, indent=1)
        (folder / _MANIFEST).write_text(manifest, "utf-8")
        manifest_hash = _sync_and_hash(folder / _MANIFEST)
        for inner in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
            sync_folder(inner)
        return manifest_hash

    def _point_to(self, line: str, which: Which) -> None:
        before, draft = self.pointer(), self.pointer("DRAFT")
        aside = self.folder / f"tmp-{which}"
        aside.write_text(line, "ascii")
        _sync_and_hash(aside)
        sync_folder(self.folder)
        aside.replace(self.folder / which)
        if which == "CURRENT":
            (self.folder / "DRAFT").unlink(missing_ok=True)
        sync_folder(self.folder)
        old = self.names() - {line.split(maxsplit=1)[0], before.name if before else ""}
        if which == "DRAFT":
            old &= {draft.name if draft else ""}
        for name in old:
            shutil.rmtree(self.folder / name, ignore_errors=True)  # Windows keeps an open file; the next write tries

    def names(self) -> set[str]:
        """Return the names of all snapshots that lie in the folder."""
        names = (path.name for path in self.folder.glob("*-*") if path.is_dir())
        return {name for name in names if name.split("-")[0].isdigit()}

    def since(self) -> int:
        """Return a generation since when every snapshot here may still hold what went, 0 where that is unknown."""
        parts = [name.split("-") for name in self.names()]
        return min((int(since) for _, since, *random in parts if random), default=0)

    @contextmanager
    def building(self, wait: float = 0.0) -> Iterator[None]:
        """Hold the right to write here against other processes, for which it waits some seconds.

        The lock is one of SQLite's, as that is released with the process on every system. Raises StoreBusy, and
        StorageFull for what the file system refuses inside the block.
        """
        lock = self.folder / "LOCK"
        with storing(self.folder):
            self.folder.mkdir(exist_ok=True)
            with translated(lock):
                connection = apsw.Connection(str(lock))
            try:
                with translated(lock):
                    connection.set_busy_timeout(int(wait * 1000))
                    connection.execute("BEGIN EXCLUSIVE")
                yield
            finally:
                connection.close()

    def clean(self) -> None:
        """Remove what killed processes left half written. The caller holds ``building``."""
        for path in self.folder.glob("tmp-*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def discard(self, pointer: Pointer | None) -> None:
        """Remove a damaged snapshot, CURRENT and DRAFT. The caller holds ``building``."""
        (self.folder / "CURRENT").unlink(missing_ok=True)
        (self.folder / "DRAFT").unlink(missing_ok=True)
        if pointer is not None and pointer.name in self.names():
            shutil.rmtree(self.folder / pointer.name, ignore_errors=True)  # as above
