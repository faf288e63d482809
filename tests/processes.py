"""A server as a process of its own."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

BIN = Path(sys.executable).parent


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def environment(data, **more):
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("RAG_") or name == "RAG_CACHE_DIR"
    }
    return clean | {"RAG_DATA_DIR": str(data), "LC_ALL": "C.UTF-8", "XDG_CONFIG_HOME": str(data)} | more


def until(look, seconds=60.0):
    """Wait until something holds; how long that may take is no part of the test."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)
    return found


@contextmanager
def running(*command, port, data, **more):
    with (data / "log").open("w+") as log:
        process = subprocess.Popen([*map(str, command)], env=environment(data, **more), stderr=log)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:

            def answers():
                assert process.poll() is None, (data / "log").read_text()
                try:
                    return client.get("/readyz").status_code == 200
                except httpx.TransportError:  # not yet, or busy preparing
                    return False

            try:
                until(answers, 300)
                yield client, process
            finally:
                process.kill()
                process.wait()


@contextmanager
def served(data, **more):
    """A client of `rag serve` with the seed collection; ``more`` are variables of its environment."""
    port = free_port()
    with running(BIN / "rag", "serve", "--port", port, port=port, data=data, **more) as (client, _):
        yield client
