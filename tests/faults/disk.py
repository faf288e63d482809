"""A disk as a power cut may leave it: what was not synced is there, or not, or in pieces.

The file system keeps the order of changes of names, as a journal does: after a power cut a prefix of those made since
the folder's last sync is left. SQLite syncs it with the first sync of a new log, and where it deletes with ``syncdir``.
"""

from dataclasses import dataclass, field

SECTOR = 512


@dataclass(eq=False)
class File:
    """Content that is on the disk for certain, and the changes since: (offset, data), or (size, None) for a cut."""

    kept: bytes = b""
    pending: list = field(default_factory=list)
    named: bool = False  # its name was made durable

    def sync(self):
        self.kept, self.pending = changed(self.kept, self.pending), []

    def after_power_cut(self, rng):
        share = rng.choice([0.0, 0.5, 1.0])
        survived = [piece for change in self.pending if rng.random() < share for piece in torn(change, rng)]
        return changed(self.kept, survived)


def changed(content, changes):
    content = bytearray(content)
    for offset, data in changes:
        if data is None:
            del content[offset:]
        else:
            content.extend(bytes(max(offset - len(content), 0)))
            content[offset : offset + len(data)] = data
    return bytes(content)


def torn(change, rng):
    """Yield what a disk that writes sector by sector may have kept of a change."""
    offset, data = change
    if data is None or rng.random() < 0.5:
        yield change
        return
    start = 0
    while start < len(data):
        stop = min(start + SECTOR - (offset + start) % SECTOR, len(data))
        if rng.random() < 0.5:
            yield offset + start, data[start:stop]
        start = stop


class Disk:
    """Follows a record of ``recording.py``. ``syncs=False`` makes a disk that lies: nothing is ever certain."""

    def __init__(self, *, syncs=True):
        self.syncs = syncs
        self._names: dict[str, File] = {}  # as a running program sees them
        self._kept: dict[str, File] = {}
        self._renamed: list[tuple[str, File | None]] = []

    def follow(self, event):
        kind, path, *rest = event
        if kind == "open" and path not in self._names:
            self._name(path, File())
        elif kind == "write":
            self._names[path].pending.append(tuple(rest))
        elif kind == "truncate":
            self._names[path].pending.append((rest[0], None))
        elif kind == "sync" and self.syncs:
            file = self._names[path]
            file.sync()
            if path.endswith(("-wal", "-journal")) and not file.named:
                file.named = True
                self._sync_names()
        elif kind == "delete":
            self._name(path, None)
            if rest[0] and self.syncs:
                self._sync_names()

    def _name(self, path, file):
        self._renamed.append((path, file))
        if file:
            self._names[path] = file
        else:
            self._names.pop(path, None)

    def _sync_names(self):
        self._kept, self._renamed = dict(self._names), []

    def after_power_cut(self, rng):
        """Return one of the states that it may be in: contents by path."""
        left = self._kept | dict(self._renamed[: rng.randint(0, len(self._renamed))])
        return {path: file.after_power_cut(rng) for path, file in left.items() if file}
