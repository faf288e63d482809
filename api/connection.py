"""One client's connection, as uvicorn holds it, with two things that uvicorn leaves open: a request must have its head
together in time, and what cannot be read as HTTP is answered with a problem, like every other error."""

import asyncio
import logging
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import problems
from api.security import HEADERS
from rag.errors import RequestError

log = logging.getLogger("askpress.server")


class Connection(H11Protocol):
    """Closes where no request is under way and none has come whole within the keep-alive time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._deadline:
            self._deadline.cancel()

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        self._refuse(RequestError("request_malformed", reason=msg.rstrip(".")))

    def _watch(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if not idle and self._deadline:
            self._deadline.cancel()
            self._deadline = None
        elif idle and self._deadline is None:
            self._deadline = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        begun, _ = self.conn.trailing_data
        if begun and not self.transport.is_closing():  # else the client has asked for nothing, and waits for nothing
            self._refuse(RequestError("request_too_slow", seconds=self.timeout_keep_alive))
        self.transport.close()

    def _refuse(self, error: RequestError) -> None:
        """Answer what is no request, where no answer has begun, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            state: dict[str, Any] = {"request_id": uuid4().hex, "language": "en"}
            response = problems.response({"path": "", "state": state}, error)
            more = {**HEADERS, "x-request-id": state["request_id"], "connection": "close"}
            headers = [*response.raw_headers, *((name.encode(), value.encode()) for name, value in more.items())]
            reason = HTTPStatus(response.status_code).phrase.encode()
            for event in (
                h11.Response(status_code=response.status_code, headers=headers, reason=reason),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
            told = {"request_id": state["request_id"], "client": f"address {(self.client or '-')[0]}"}
            log.info("request refused", extra={"fields": {**told, "status": response.status_code}})
        self.transport.close()
