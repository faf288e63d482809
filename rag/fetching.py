"""Documents fetched from the web: the one module that connects to an address that a user gives.

Only public addresses are connected to. A host is resolved once, every address that it has must be public, and the
connection goes to the very address that was looked at, so that neither a redirect, nor a name that changes its mind,
nor a peculiar spelling leads into this machine or its network. TLS is verified against the name. Nothing of the
environment counts: no proxy, no cookie, no credentials.
"""

import json
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpcore

from rag.articles.identity import usable_url
from rag.errors import FetchError

AGENT = "Askpress"
REDIRECTS = 3
LARGEST = 32 << 20
"""Bytes of a document, as it is sent and as it is unpacked."""
SECONDS = 60.0
"""For one request, from the connection to the last byte."""
SILENCE = 20.0
"""The longest wait for the next piece of an answer."""
PACE = 1.0
"""Seconds between two requests to one host; a robots.txt may ask for more, and gets up to ``SLOWEST``."""
SLOWEST = 30.0
_ROBOTS = 512 << 10  # bytes of a robots.txt that count, RFC 9309 section 2.5
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_TUNNELS = (ip_network("2002::/16"), ip_network("2001::/32"))  # 6to4 and Teredo lead to an IPv4 address of their choice
_REDIRECTING = {301, 302, 303, 307, 308}
_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, zlib.error)

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Document:
    """What an address gave: ``url`` is where redirects led, ``kind`` the media type; ``mark`` serves to ask again."""

    url: str
    kind: str
    charset: str | None
    content: bytes
    mark: str


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        if any(address in network for network in _TUNNELS) or address.is_site_local:
            return False
        if address.ipv4_mapped:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Answer:
    """The head of a response, and what was read of its body."""

    def __init__(self, response: httpcore.Response) -> None:
        self.status = response.status
        headers = Message()
        for name, value in response.headers:
            headers[name.decode("latin-1")] = value.decode("latin-1")
        self.location = headers["location"] if self.status in _REDIRECTING else None
        self.packing = (headers["content-encoding"] or "identity").strip().lower()
        self.kind = headers.get_content_type() if headers["content-type"] else ""
        self.charset = headers.get_content_charset()
        validators = {name: headers[name] for name in ("etag", "last-modified") if headers[name]}
        self.mark = json.dumps(validators) if validators else ""
        self.content = b""


class Fetcher:
    """Fetches documents, politely: as robots.txt allows, and slowly from one host.

    ``resolve`` and ``allowed`` are for tests, which have no public address; nothing that a request says reaches them.
    """

    def __init__(
        self,
        *,
        resolve: Resolve = _resolved,
        allowed: Callable[[Address], bool] = is_public,
        secure: ssl.SSLContext | None = None,
        pause: Callable[[float], None] = time.sleep,
        seconds: float = SECONDS,
        largest: int = LARGEST,
    ) -> None:
        self._resolve, self._allowed, self._secure = resolve, allowed, secure
        self._pause, self._seconds, self._largest = pause, seconds, largest
        self._robots: dict[str, RobotFileParser] = {}
        self._asked: dict[str, float] = {}  # when a host was asked last
        self._pace: dict[str, float] = {}

    def fetch(self, url: str, mark: str = "") -> Document | None:
        """Return what is at an address, or None where it is as it was when it gave ``mark``. Raises FetchError."""
        asked = url
        for _ in range(1 + REDIRECTS):
            self._heed_robots(asked, url)
            answer = self._get(asked, url, self._largest, mark)
            if answer.status == HTTPStatus.NOT_MODIFIED and mark:
                return None
            if not answer.location:
                if answer.status != HTTPStatus.OK:
                    raise FetchError("fetch_status", origin=url, status=answer.status)
                return Document(asked, answer.kind, answer.charset, answer.content, answer.mark)
            asked = urljoin(asked, answer.location)
        raise FetchError("fetch_redirects", origin=url, limit=REDIRECTS)

    def _heed_robots(self, asked: str, url: str) -> None:
        """Raises FetchError where the site's robots.txt asks not to fetch this."""
        parts = _parts(asked, url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            self._robots[site] = self._read_robots(f"{site}/robots.txt", url)
        robots = self._robots[site]
        if not robots.can_fetch(AGENT, asked):
            raise FetchError("fetch_robots", origin=url, site=site)
        self._pace[parts.netloc] = min(max(PACE, float(robots.crawl_delay(AGENT) or 0)), SLOWEST)

    def _read_robots(self, asked: str, url: str) -> RobotFileParser:
        """Read a robots.txt as RFC 9309 says: a site without one allows all, one that fails allows nothing."""
        robots = RobotFileParser()
        robots.modified()  # else it allows nothing
        for _ in range(1 + REDIRECTS):
            answer = self._get(asked, url, _ROBOTS, cut=True)
            if answer.status == HTTPStatus.OK:
                robots.parse(answer.content.decode("utf-8", "replace").splitlines())
            if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise FetchError("fetch_status", origin=asked, status=answer.status)
            if not answer.location:
                break
            asked = urljoin(asked, answer.location)
        return robots

    def _get(self, asked: str, url: str, largest: int, mark: str = "", *, cut: bool = False) -> _Answer:
        """Ask one address, and follow nothing; ``url`` is what the user gave, to be named in errors."""
        parts = _parts(asked, url)
        self._wait(parts.netloc)
        network = _Network(self._resolve, self._allowed, time.monotonic() + self._seconds, url)
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), SILENCE)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._secure, network_backend=network) as pool,
                pool.stream(
                    "GET", _target(parts), headers=_headers(parts, mark), extensions={"timeout": timeout}
                ) as got,
            ):
                answer = _Answer(got)
                if answer.status == HTTPStatus.OK:
                    answer.content = _unpacked(got, answer.packing, largest, url, cut=cut)
                return answer
        except httpcore.TimeoutException as error:
            raise FetchError("fetch_too_slow", origin=url, seconds=round(self._seconds)) from error
        except _FAILURES as error:
            raise FetchError("fetch_failed", origin=url, reason=error) from error

    def _wait(self, host: str) -> None:
        now = time.monotonic()
        wait = self._asked.get(host, -SLOWEST) + self._pace.get(host, PACE) - now
        if wait > 0:
            self._pause(wait)
        self._asked[host] = max(now, now + wait)


class _Network(httpcore.NetworkBackend):
    """Connects to what is allowed, and to nothing past the deadline."""

    def __init__(self, resolve: Resolve, allowed: Callable[[Address], bool], deadline: float, url: str) -> None:
        self._resolve, self._allowed, self._deadline, self._url = resolve, allowed, deadline, url

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = self._addresses(host, port)
        connect = httpcore.SyncBackend().connect_tcp
        for address in others:
            try:
                stream = connect(address, port, self.left(timeout), local_address, socket_options)
                return _Stream(stream, self.left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):  # the next may answer
                continue
        return _Stream(connect(last, port, self.left(timeout), local_address, socket_options), self.left)

    def _addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, looked at once and for all. Raises FetchError."""
        try:
            found = list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise FetchError(
                "fetch_host_unknown", origin=self._url, host=host, reason=getattr(error, "strerror", error)
            ) from error
        if not found:
            raise FetchError("fetch_host_unknown", origin=self._url, host=host, reason="-")
        if not all(self._allowed(ip_address(address)) for address in found):
            raise FetchError("fetch_host_private", origin=self._url, host=host)
        return found

    def left(self, timeout: float | None) -> float:
        """Return how long the next step may take. Raises httpcore.ReadTimeout where no time is left."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends with the time of the whole: a byte now and then does not hold it open."""

    def __init__(self, stream: httpcore.NetworkStream, left: Callable[[float | None], float]) -> None:
        self._stream, self._left = stream, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _parts(asked: str, url: str) -> SplitResult:
    """Take an address apart. Raises FetchError where it is not http or https, or carries credentials."""
    try:
        parts = urlsplit(asked)
        _ = parts.port  # raises where it is none
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise FetchError("fetch_address", origin=url) from error
    if not usable_url(asked) or "@" in parts.netloc:
        raise FetchError("fetch_address", origin=url)
    return parts


def _target(parts: SplitResult) -> httpcore.URL:
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~')}" if parts.query else ""
    host = (parts.hostname or "").encode("idna")
    return httpcore.URL(scheme=parts.scheme.encode(), host=host, port=parts.port, target=f"{path}{query}".encode())


def _headers(parts: SplitResult, mark: str) -> list[tuple[str, str]]:
    host = (parts.hostname or "").encode("idna").decode()
    host = f"[{host}]" if ":" in host else host
    validators = json.loads(mark) if mark else {}
    asking = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return [
        ("Host", f"{host}:{parts.port}" if parts.port else host),
        ("User-Agent", AGENT),
        ("Accept-Encoding", "gzip"),
        *((asking[name], value) for name, value in validators.items()),
    ]


def _unpacked(response: httpcore.Response, packing: str, largest: int, url: str, *, cut: bool) -> bytes:
    """Return the body of a response, unpacked no further than it may be large. Raises FetchError."""
    if packing not in {"identity", "gzip", "x-gzip"}:
        raise FetchError("fetch_failed", origin=url, reason=f"Content-Encoding: {packing}")
    gzip = None if packing == "identity" else zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    content, sent = bytearray(), 0
    for chunk in response.iter_stream():
        sent += len(chunk)
        content += gzip.decompress(chunk, largest + 1 - len(content)) if gzip else chunk
        if max(sent, len(content)) > largest:
            if cut:
                return bytes(content[:largest])
            raise FetchError("fetch_too_large", origin=url, limit=largest >> 20)
    if gzip and not gzip.eof:
        raise FetchError("fetch_failed", origin=url, reason="gzip")
    return bytes(content)
