"""Who may do what: the names that the server answers to, the pages that may write, and the tokens.

Whatever is not named here as public or as reading needs the role ``write``: a new route is closed until it is opened.
"""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.settings import ServerSettings
from rag.errors import AskpressError, RequestError
from rag.tokens import Role, Tokens

PUBLIC = frozenset({"/livez", "/readyz", "/openapi.json", "/docs", "/docs/reference.css"})
"""Paths that anyone may GET, beside the files of the page."""
READING_POSTS = frozenset({"/v1/ask", "/v1/search", "/v1/feedback", "/v1/chat/completions", "/mcp"})
"""Paths where a POST needs no more than the role ``read``."""
SAFE = ("GET", "HEAD")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every response."""


class Security:
    """Middleware: refuses a name, an origin or a client that is not let in; notes in the scope who the client is."""

    def __init__(self, app: ASGIApp, server: ServerSettings, tokens: Tokens, page: Collection[str] = ()) -> None:
        self._app = app
        self._tokens = tokens
        self._public = PUBLIC | frozenset(page)
        self._hosts = {*LOOPBACK, server.host.lower(), *(host.lower() for host in server.allowed_hosts)}
        self._origins = frozenset(server.allowed_origins)
        self._protect_reads = server.reachable if server.protect_reads is None else server.protect_reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            try:
                self._check_host(headers)
                if scope["method"] not in SAFE:
                    self._check_origin(headers)
                client, may_write = self._admitted(scope, headers)
                scope["state"].update(client=client, may_write=may_write)
            except AskpressError as error:
                await problems.response(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Mapping[str, str]) -> None:
        """A page elsewhere can have its own name resolved to this machine, but its browser still tells that name."""
        host = headers.get("host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            name = ""
        if name not in self._hosts:
            raise RequestError("request_host_unknown", host=host[:200] or "-")

    def _check_origin(self, headers: Mapping[str, str]) -> None:
        origin = headers.get("origin")
        if origin is None or origin in self._origins:
            return
        if origin.partition("://")[2] != headers.get("host"):
            raise RequestError("request_origin_foreign", origin=origin[:200])

    def _admitted(self, scope: Scope, headers: Mapping[str, str]) -> tuple[str, bool]:
        """Return what the client is called, and whether it may write.

        Raises RequestError where it needs a token that it did not show.
        """
        role, address = self._needed(scope["method"], scope["path"]), (scope.get("client") or ("-", 0))[0]
        if role is None or not self._tokens.all():
            return f"address {address}", role is not None
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        token = self._tokens.holder(secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            if role == "read" and not self._protect_reads and scope["path"] != "/metrics":
                return f"address {address}", False
            raise RequestError("request_token_missing")
        if role == "write" and token.role != "write":
            raise RequestError("request_role_missing", name=token.name)
        return f"token {token.name}", token.role == "write"

    def _needed(self, method: str, path: str) -> Role | None:
        if method in SAFE:
            return None if path in self._public else "read"
        return "read" if method == "POST" and path in READING_POSTS else "write"
