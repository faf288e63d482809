"""Child processes that may be killed: forked from one that has imported everything, so that a thousand cost little."""

import multiprocessing
import os
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[1]
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["faiss", "tantivy", "apsw.sqlite_extra", "fakes", "work", "syncing"])


def environment():
    """The environment of a child process that imports what the tests import."""
    path = os.pathsep.join(map(str, (TESTS.parent, TESTS, TESTS / "faults", TESTS / "store")))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}  # threads do not survive a fork


def prepare():
    """Start the process that forks the children."""
    from multiprocessing.forkserver import ensure_running

    before = os.environ.copy()
    os.environ.update(environment())
    try:
        ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def child(work, *arguments):
    """Run ``work(connection, *arguments)`` in a process of its own; gives it and the other end of the connection."""
    here, there = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=work, args=(there, *arguments))
    process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()
        process.join()
        here.close()


def rest(connection):
    """Yield what a child sends until its end of the connection is closed, by itself or by its death."""
    while True:
        try:
            yield connection.recv()
        except (EOFError, ConnectionResetError):
            return


def result(work, *arguments):
    """Return the one thing that ``work`` sends, and the exit code of its process."""
    with child(work, *arguments) as (process, connection):
        sent = list(rest(connection))
        process.join()
        return (sent[0] if sent else None), process.exitcode
