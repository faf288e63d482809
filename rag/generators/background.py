"""Runs a coroutine in a thread of its own and yields what it writes, so that plain code can stream and leave."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

POLL = 0.25
LEAVE = 1.0  # to end in, once cancelled; longer only where the system's resolver of names hangs


def written_by(work: Callable[[Callable[[str], None]], Coroutine[Any, Any, None]]) -> Generator[str, None, None]:
    """Yield the pieces that ``work`` hands to its argument, and "" for each POLL seconds without one.

    An exception of ``work`` is raised here, after the pieces before it. Closing the iterator cancels ``work``.
    """
    pieces: SimpleQueue[str | BaseException | None] = SimpleQueue()
    loop = asyncio.new_event_loop()
    task = loop.create_task(work(pieces.put))
    thread = Thread(target=_run, args=(loop, task, pieces.put), name="askpress-generator", daemon=True)
    thread.start()
    try:
        while (piece := _next(pieces)) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        with contextlib.suppress(RuntimeError):  # the loop is closed already where the work has ended
            loop.call_soon_threadsafe(task.cancel)
        thread.join(LEAVE)


def _next(pieces: SimpleQueue[str | BaseException | None]) -> str | BaseException | None:
    try:
        return pieces.get(timeout=POLL)
    except Empty:
        return ""


def _run(
    loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], put: Callable[[BaseException | None], None]
) -> None:
    try:
        loop.run_until_complete(asyncio.wait({task}))
        put(None if task.cancelled() else task.exception())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
