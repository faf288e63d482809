"""Runs the application under uvicorn, and stops it in order; or over stdin and stdout, for one agent."""

import logging
import signal
import socket
import threading
import time
from collections.abc import Mapping
from types import FrameType

import uvicorn

from api.app import create_app
from api.connection import Connection
from api.operation import log_to_stderr
from api.settings import ServerSettings
from rag.errors import ServerError
from rag.garbage import settle
from rag.protocols import Generator, Progress, silent
from rag.settings import Settings

log = logging.getLogger("askpress.server")


def serve(
    settings: Settings,
    server: ServerSettings,
    *,
    generators: Mapping[str, Generator] | None = None,
    progress: Progress = silent,
) -> None:
    """Serve until a signal comes. Raises ServerError and what opening the parts raises."""
    app = create_app(settings, server, generators=generators, progress=progress)
    log_to_stderr(settings.secrets)
    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # anyone could claim any address with them
        server_header=False,
        ws="none",
        timeout_keep_alive=server.patience_seconds,
        timeout_graceful_shutdown=server.grace_seconds,
    )
    with _listening(server) as listener:
        try:
            _Server(config, app.state.stopping, server).run([listener])
        except SystemExit as stop:
            if app.state.failure:
                raise app.state.failure from stop
            raise


def serve_stdio(settings: Settings, server: ServerSettings, *, progress: Progress = silent) -> None:
    """Serve one agent over stdin and stdout until it leaves. Raises what opening the parts raises."""
    import anyio

    app = create_app(settings, server, progress=progress)
    log_to_stderr(settings.secrets)

    async def run() -> None:
        async with app.router.lifespan_context(app):
            from api.tools import AgentServer

            await AgentServer(app.state.parts).run_stdio_async()

    anyio.run(run)


def _listening(server: ServerSettings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        listener = socket.create_server((server.host, server.port), family=family, backlog=512)
    except OSError as error:
        raise ServerError("server_address_taken", host=server.host, port=server.port, reason=error.strerror) from error
    # Connections inherit it. Else the body of an answer waits, 40 ms on Linux, until the client acknowledges its head;
    # asyncio sees to that only for a socket that was made with the protocol named.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """Tells that it is stopping for a while before it stops to listen, so that a balancer can see it."""

    def __init__(self, config: uvicorn.Config, stopping: threading.Event, server: ServerSettings) -> None:
        super().__init__(config)
        self._stopping, self._server = stopping, server
        self._until: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        settle()
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            log.info("ready", extra={"fields": {"url": url}})

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.set()
        if sig == signal.SIGTERM and self._until is None:
            self._captured_signals.append(sig)
            self._until = time.monotonic() + self._server.drain_seconds
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._until is not None and time.monotonic() >= self._until:
            self.should_exit = True
        return await super().on_tick(counter)
