"""A program that writes to a collection while every write, sync, truncation and deletion of SQLite is recorded.

``python recording.py FOLDER SEED WRITES`` prints the record as a pickle. It is a process of its own because the
checksums of pages, once loaded, lie above the file system that they found: what is recorded has them.
"""

import pickle
import random
import sys
from pathlib import Path

import apsw


class RecordingFile(apsw.VFSFile):
    def __init__(self, record, name, flags):
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.record = record
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's name, as below
        super().xWrite(data, offset)
        self.record.append(("write", self.path, offset, bytes(data)))

    def xTruncate(self, newsize):  # noqa: N802
        super().xTruncate(newsize)
        self.record.append(("truncate", self.path, newsize))

    def xSync(self, flags):  # noqa: N802
        super().xSync(flags)
        self.record.append(("sync", self.path))


class RecordingVFS(apsw.VFS):
    def __init__(self, record):
        self.record = record
        super().__init__("recording", "unix", makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802
        if name is None:  # a temporary file, gone with the process
            return apsw.VFSFile("unix", name, flags)
        file = RecordingFile(self.record, name, flags)
        self.record.append(("open", file.path))
        return file

    def xDelete(self, filename, syncdir):  # noqa: N802
        super().xDelete(filename, syncdir)
        self.record.append(("delete", filename, syncdir))


def main(folder, seed, writes):
    record = []
    vfs = RecordingVFS(record)
    from work import random_write

    from rag.store import open_store

    rng = random.Random(seed)
    number = 0
    while number < writes:
        with open_store(folder) as store:
            store._database._writer.wal_autocheckpoint(rng.choice([4, 16, 64]))
            for _ in range(rng.randint(1, 6)):
                write = random_write(rng, f"v{number}")
                record.append(("begin", write))
                write.apply(store)
                record.append(("done",))
                number += 1
    pickle.dump(record, sys.stdout.buffer)
    vfs.unregister()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
