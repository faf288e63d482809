"""Server-sent events of work that goes on in a thread, and stops when the client leaves.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import json
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import closing
from functools import partial
from typing import Any, Generic, TypeVar

from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api import problems
from api.limits import Gate
from rag.errors import AskpressError, RequestError

T = TypeVar("T")
log = logging.getLogger("askpress.server")
KEEP_ALIVE = format_sse_event(comment="keep-alive")
KEEP_ALIVE_SECONDS = 10.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event(name: str, data: Any) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))


class Work(Generic[T]):
    """Items that a generator makes in a thread, and an end to it when ``left`` is set.

    It looks at ``left`` and ``stopping`` with each item, and so stops within the second in which a generator that
    waits for something says so.
    """

    def __init__(self, make: Callable[[], Generator[T, None, None]], gate: Gate, stopping: threading.Event) -> None:
        self.left = threading.Event()
        self._make, self._gate, self._stopping = make, gate, stopping

    def _items(self) -> Generator[T, None, None]:
        with closing(self._make()) as items:
            while not self.left.is_set():
                if self._stopping.is_set():
                    raise RequestError("server_stopping")
                try:
                    yield next(items)
                except StopIteration:
                    return

    async def last(self, request: Request) -> T | None:
        """Return the last item, None where the client left before."""

        def run() -> T | None:
            with closing(self._items()) as items:
                last = deque(items, maxlen=1)
            return None if self.left.is_set() else last.pop()

        watch = asyncio.create_task(self._watch(request))
        try:
            return await self._gate.run(run)
        finally:
            self.left.set()
            watch.cancel()

    async def _watch(self, request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.left.set()

    async def begun(self) -> AsyncIterator[T]:
        """Return the items as they come once the first is there: an error before it still has a status."""
        items = self.each()
        first = await anext(items)

        async def all_items() -> AsyncIterator[T]:
            yield first
            async for item in items:
                yield item

        return all_items()

    async def each(self) -> AsyncIterator[T]:
        """Yield the items as they come. Raises what the generator raises."""
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[T | None]()

        def run() -> None:
            with closing(self._items()) as items:
                for item in items:
                    loop.call_soon_threadsafe(queue.put_nowait, item)

        running = asyncio.create_task(self._gate.run(run))
        running.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (item := await queue.get()) is not None:
                yield item
            await running
        finally:
            self.left.set()
            running.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody is left to hear it


class EventStream(StreamingResponse):
    """Sends frames, a comment after a while of None, and an error in mid-stream as the last frame.

    Tells the work when the client has left, whatever this response was doing at that moment.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        request: Request,
        frames: AsyncIterator[bytes | None],
        left: threading.Event | None = None,
        failed: Callable[[dict[str, Any]], bytes] | None = None,
    ) -> None:
        """``failed`` makes a frame of a problem where it is no event ``error``."""
        super().__init__(_sent(request, frames, failed or partial(event, "error")), headers=HEADERS)
        self._left = left or threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left.set()


async def _sent(
    request: Request, frames: AsyncIterator[bytes | None], failed: Callable[[dict[str, Any]], bytes]
) -> AsyncIterator[bytes]:
    sent = time.monotonic()
    try:
        async for frame in frames:
            if frame is None and time.monotonic() - sent < KEEP_ALIVE_SECONDS:
                continue
            yield frame or KEEP_ALIVE
            sent = time.monotonic()
    except AskpressError as error:
        yield failed(problems.details(request.scope, error))
    except Exception:
        log.exception("stream failed", extra={"fields": {"request_id": request.state.request_id}})
        yield failed(problems.details(request.scope, AskpressError("server_failed")))
