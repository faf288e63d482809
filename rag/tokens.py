"""The tokens that open the server, in a file that holds nothing but their hashes.

A token is 256 random bits, so one round of SHA-256 hides it as well as a slow hash would: there is nothing to guess.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rag.errors import StorageFull, StoreError, UsageError

Role = Literal["read", "write"]
PREFIX = "askpress_"
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token. ``created`` is an ISO 8601 time."""

    name: str
    role: Role
    sha256: str
    created: str


class Tokens:
    """The tokens of a data folder, read again whenever their file has changed."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "tokens.json"
        self._seen: tuple[int, ...] | None = None
        self._tokens: tuple[Token, ...] = ()

    def all(self) -> tuple[Token, ...]:
        """Return the tokens, oldest first. Raises StoreError where the file cannot be read."""
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._tokens = tuple(Token(**row) for row in json.loads(self._path.read_text(encoding="utf-8")))
                self._seen = seen
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, TypeError) as error:
            raise StoreError("tokens_unreadable", path=self._path, reason=error) from error
        return self._tokens

    def holder(self, secret: str) -> Token | None:
        """Return the token that was handed out as ``secret``, in a time that does not depend on which it is."""
        digest = _digest(secret)
        found = [token for token in self.all() if hmac.compare_digest(token.sha256, digest)]
        return found[0] if found else None

    def create(self, name: str, role: Role) -> str:
        """Make a token and return it; it cannot be had again. Raises UsageError for its name."""
        if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            raise UsageError("token_name_unusable", name=name)
        if any(token.name == name for token in self.all()):
            raise UsageError("token_name_taken", name=name)
        secret = PREFIX + secrets.token_urlsafe(32)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        self._write((*self.all(), Token(name, role, _digest(secret), created)))
        return secret

    def remove(self, name: str) -> None:
        """Raises UsageError where there is no such token."""
        kept = tuple(token for token in self.all() if token.name != name)
        if kept == self.all():
            raise UsageError("token_not_found", name=name, known=", ".join(token.name for token in kept) or "-")
        self._write(kept)

    def _write(self, tokens: tuple[Token, ...]) -> None:
        new = self._path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump([asdict(token) for token in tokens], file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            raise StorageFull("store_unwritable", path=new, folder=new.parent, reason=error) from error


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
