"""A server on loopback that answers as it is told to, faults included."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import NamedTuple

HANG = object()  # wait until the client leaves
RESET = object()  # end the connection with RST
PATIENCE = 10.0  # seconds; no test waits that long


class Received(NamedTuple):
    path: str
    headers: dict[str, str]
    body: dict


def head(status=200, kind="text/event-stream", **headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def event(data):
    """Return an event with JSON, or with a string as it is."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


class FakeUpstream:
    """Plays one script a request, and the last one from then on.

    A script is a list: bytes are sent, a number is slept, HANG and RESET are above, and what is in a list in it is
    repeated for ever. ``left`` is set when a client goes before its script is over.
    """

    def __init__(self, *scripts):
        self.requests: list[Received] = []
        self.scripts = list(scripts)
        self.left = Event()
        upstream = self

        class Handler(StreamRequestHandler):
            timeout = PATIENCE

            def handle(self):
                upstream.requests.append(_received(self.rfile))
                script = upstream.scripts.pop(0) if len(upstream.scripts) > 1 else upstream.scripts[0]
                try:
                    _play(script, self.request)
                except OSError:
                    upstream.left.set()

            def finish(self):
                with contextlib.suppress(OSError):
                    super().finish()

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def unused_url():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def _received(stream):
    path = stream.readline().decode().split(" ")[1]
    pairs = (line.decode().rstrip().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
    headers = {name.lower(): value for name, value in pairs}
    return Received(path, headers, json.loads(stream.read(int(headers.get("content-length", 0))) or "{}"))


def _play(script, connection):
    for step in script:
        if isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, list):
            while True:
                _play(step, connection)
        elif step is HANG:
            connection.recv(1)
            raise ConnectionAbortedError
        elif step is RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return
        else:
            time.sleep(step)
