"""A web site on the loopback interface, whose pages a test writes."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from rag.fetching import Fetcher

LOOPBACK = ip_address("127.0.0.1")


class Site:
    """``pages`` maps a path to (status, headers, body), or to a function that is handed the request's handler."""

    def __init__(self, port):
        self.port = port
        self.pages = {}
        self.requests = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def asked(self, path):
        """The headers of the requests for a path."""
        return [headers for asked, headers in self.requests if asked == path]


@contextmanager
def site(secure=None):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            here.requests.append((self.path, dict(self.headers)))
            page = here.pages.get(self.path, (404, {}, b""))
            if callable(page):
                page = page(self)
            if page is None:
                return
            status, headers, body = page
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if secure:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    here = Site(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fetcher(**options):
    """A fetcher to which the loopback interface is as good as the internet, and which does not wait."""
    return Fetcher(**{"allowed": lambda address: address == LOOPBACK, "pause": lambda _: None, **options})
