"""``/mcp``: the Model Context Protocol over HTTP (Streamable HTTP, without sessions)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.types import Receive, Scope, Send

    from api.parts import Parts

PATH = "/mcp"


class Endpoint:
    """An ASGI application that opens at the first request, and is closed with the server."""

    def __init__(self) -> None:
        self._manager: StreamableHTTPSessionManager | None = None
        self._opening, self._closing = asyncio.Lock(), asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager = await self._opened(scope["app"].state.parts)
        await manager.handle_request(scope, receive, send)

    async def close(self) -> None:
        self._closing.set()
        if self._running:
            await self._running

    async def _opened(self, parts: Parts) -> StreamableHTTPSessionManager:
        async with self._opening:
            if self._manager is None:
                manager, running = await to_thread.run_sync(_manager, parts), asyncio.Event()
                # What the manager opens has to be closed by the task that opened it.
                self._running = asyncio.create_task(self._run(manager, running))
                await running.wait()
                self._manager = manager
            return self._manager

    async def _run(self, manager: StreamableHTTPSessionManager, running: asyncio.Event) -> None:
        async with manager.run():
            running.set()
            await self._closing.wait()


def _manager(parts: Parts) -> StreamableHTTPSessionManager:
    from mcp.server.transport_security import TransportSecuritySettings

    from api.tools import AgentServer

    server = AgentServer(parts)
    # Names and origins were looked at by api.security.
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.streamable_http_app(stateless_http=True, json_response=True, transport_security=unchecked)
    return server.session_manager
