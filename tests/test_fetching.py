"""What may be connected to, and what an answer may do: HARDENING.md S1."""

import ast
import gzip
import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path

import pytest
from web_server import LOOPBACK, fetcher, site

from rag.errors import FetchError
from rag.fetching import Fetcher, is_public

ROOT = Path(__file__).parent.parent
CERTIFICATE = Path(__file__).with_name("paper.example.pem")
"""Of paper.example, signed by itself, with its key: for tests alone."""

NEVER_PUBLIC = """
    127.0.0.1 127.255.255.254 0.0.0.0 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254
    169.254.0.1 100.64.0.1 100.127.255.255 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250
    240.0.0.1 255.255.255.255 :: ::1 fe80::1 fe80::1%lo fc00::1 fd00:ec2::254 fec0::1 ff02::1 ff0e::1 2001:db8::1
    100::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1
    64:ff9b::10.0.0.1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1::1 2001:0:7f00:1::1
""".split()  # noqa: SIM905 - a table reads best without quotes
# What a host may be called that is this machine, or one of its network.
SPELLED = """
    127.0.0.1 [::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::] 0.0.0.0 0 127.1 127.0.1 10.1 2130706433
    0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 127.0.0.1. 169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376
    100.64.0.1 192.168.1.1 172.16.0.1 [fe80::1] [fd00:ec2::254] [64:ff9b::7f00:1] [2002:7f00:1::] localhost LOCALHOST
    localhost. 255.255.255.255 224.0.0.1 198.18.0.1 [ff02::1] [::127.0.0.1] ①②⑦.0.0.1 127。0。0。1
""".split()  # noqa: SIM905 - a table reads best without quotes
NO_ADDRESS = (
    "file:///etc/passwd", "FILE:///etc/passwd", "gopher://127.0.0.1:11211/", "ftp://example.org/a", "dict://127.0.0.1/",
    "data:text/html,x", "javascript:alert(1)", "//example.org/a", "/etc/passwd", "example.org", "", "http://", "http:///a",
    "http://user@127.0.0.1/", "http://example.org@127.0.0.1/", "http://example.org:80@127.0.0.1/", "http://a b/",
    "http://127.0.0.1\\@example.org/", "http://example.org\\.evil/", "http://example.org:99999/", "http://example.org:x/",
    "http://exa\nmple.org/", "http://[::1/", "http://" + "a" * 70 + ".org/", "http://a..b/", "unix:///var/run/docker.sock",
)  # fmt: skip


@pytest.mark.parametrize("address", NEVER_PUBLIC)
def test_an_address_that_is_not_public_is_never_connected_to(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_a_public_address_is(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", SPELLED)
def test_no_spelling_of_a_private_host_is_connected_to(host, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("connected"))
    with pytest.raises(FetchError) as caught:
        Fetcher().fetch(f"http://{host}/")
    assert caught.value.key in {"fetch_host_private", "fetch_host_unknown", "fetch_address"}


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_only_http_and_https_without_credentials_are_addresses(url):
    def resolve(*_):
        pytest.fail("it was resolved")

    with pytest.raises(FetchError) as caught:
        Fetcher(resolve=resolve).fetch(url)
    assert caught.value.key == "fetch_address"


def test_a_name_with_one_private_address_among_public_ones_is_refused():
    with pytest.raises(FetchError) as caught:
        Fetcher(resolve=lambda *_: ["8.8.8.8", "10.0.0.1"]).fetch("http://paper.example/")
    assert caught.value.key == "fetch_host_private"


def test_a_resolver_that_changes_its_mind_is_asked_once_a_connection():
    answers = []

    def resolve(host, _):
        answers.append(host)
        return ["127.0.0.1"] if len(answers) % 2 else ["10.0.0.1"]

    with site() as here:
        here.pages["/robots.txt"] = here.pages["/a"] = (200, {}, b"text")
        with pytest.raises(FetchError) as caught:
            fetcher(resolve=resolve).fetch(f"http://paper.example:{here.port}/a")
    assert caught.value.key == "fetch_host_private", "the second connection is looked at anew"
    assert [path for path, _ in here.requests] == ["/robots.txt"]
    assert here.asked("/robots.txt")[0]["Host"] == f"paper.example:{here.port}"


def test_a_page_is_fetched_with_its_kind_and_encoding():
    with site() as here:
        here.pages["/a?b=c%20d"] = (200, {"Content-Type": "text/html; charset=GBK"}, b"<p>text")
        document = fetcher().fetch(here.address + "/a?b=c%20d")
    assert (document.url, document.kind, document.charset) == (here.address + "/a?b=c%20d", "text/html", "gbk")
    assert document.content == b"<p>text"
    headers = here.asked("/a?b=c%20d")[0]
    assert headers.keys() == {"Host", "User-Agent", "Accept-Encoding"}


def test_a_name_in_another_script_is_asked_for_as_dns_has_it():
    hosts = []
    with site() as here:
        here.pages["/ti%E1%BA%BFng"] = (200, {}, b"text")
        resolve = lambda host, _: hosts.append(host) or ["127.0.0.1"]  # noqa: E731
        assert fetcher(resolve=resolve).fetch(f"http://báo.example:{here.port}/tiếng").content == b"text"
    assert set(hosts) == {"xn--bo-mia.example"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_by_hand(status):
    with site() as here:
        here.pages["/a"] = (status, {"Location": "b"}, b"")
        here.pages["/b"] = (200, {}, b"there")
        document = fetcher().fetch(here.address + "/a")
    assert (document.url, document.content) == (here.address + "/b", b"there")


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.2:{port}/secret", "http://localhost/", "http://[::1]:{port}/", "http://2130706434/",
     "file:///etc/passwd", "//127.0.0.2:{port}/secret", "http://x@127.0.0.1:{port}/secret", "gopher://127.0.0.1/"],
)  # fmt: skip
def test_a_redirect_is_looked_at_like_an_address(location):
    with site() as here:
        here.pages["/a"] = (302, {"Location": location.format(port=here.port)}, b"")
        here.pages["/secret"] = (200, {}, b"secret")
        allowed_once = iter([True, True])  # for robots.txt and /a; to what comes then the rule applies
        with pytest.raises(FetchError) as caught:
            fetcher(allowed=lambda a: a == LOOPBACK and next(allowed_once, False)).fetch(here.address + "/a")
    assert caught.value.key in {"fetch_host_private", "fetch_address"}
    assert here.asked("/secret") == []


def test_redirects_end():
    with site() as here:
        here.pages["/a"] = (302, {"Location": "/a"}, b"")
        with pytest.raises(FetchError) as caught:
            fetcher().fetch(here.address + "/a")
    assert caught.value.key == "fetch_redirects"
    assert len(here.asked("/a")) == 4


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503, 206, 204])
def test_another_status_is_told(status):
    with site() as here:
        here.pages["/a"] = (status, {}, b"")
        with pytest.raises(FetchError, match=str(status)):
            fetcher().fetch(here.address + "/a")


def test_a_document_may_only_be_so_large():
    with site() as here:
        here.pages["/a"] = (200, {}, b"x" * 2000)
        here.pages["/b"] = (200, {}, b"x" * 1000)
        get = fetcher(largest=1000).fetch
        assert len(get(here.address + "/b").content) == 1000
        with pytest.raises(FetchError) as caught:
            get(here.address + "/a")
    assert caught.value.key == "fetch_too_large"


def test_a_packed_document_is_unpacked_only_so_far():
    with site() as here:
        here.pages["/bomb"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 50_000_000))
        here.pages["/fine"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"text"))
        here.pages["/cut"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"text" * 100)[:-9])
        here.pages["/broken"] = (200, {"Content-Encoding": "gzip"}, b"text")
        here.pages["/unknown"] = (200, {"Content-Encoding": "br"}, b"text")
        get = fetcher(largest=1_000_000).fetch
        assert get(here.address + "/fine").content == b"text"
        for path, key in (("bomb", "too_large"), ("cut", "failed"), ("broken", "failed"), ("unknown", "failed")):
            with pytest.raises(FetchError) as caught:
                get(f"{here.address}/{path}")
            assert caught.value.key == f"fetch_{key}"


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_byte_now_and_then_does_not_hold_it_open(part):
    def drip(handler):
        if part == "body":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        try:
            for _ in range(3000):
                handler.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:  # the other end has had enough
            return

    with site() as here:
        here.pages["/a"] = drip
        with pytest.raises(FetchError) as caught:
            fetcher(seconds=1.0).fetch(here.address + "/a")
    assert caught.value.key == "fetch_too_slow"


def test_what_is_no_http_and_what_is_closed_are_failures():
    with site() as here, socket.create_server(("127.0.0.1", 0)) as closed:
        here.pages["/a"] = lambda handler: handler.wfile.write(b"220 smtp ready\r\n") and None
        port = closed.getsockname()[1]
        closed.close()
        for url in (here.address + "/a", f"http://127.0.0.1:{port}/"):
            with pytest.raises(FetchError) as caught:
                fetcher().fetch(url)
            assert caught.value.key == "fetch_failed"


def test_what_has_not_changed_is_not_sent_again():
    def page(handler):
        if handler.headers.get("If-None-Match") == '"1"' and handler.headers.get("If-Modified-Since") == "Mon":
            return (304, {}, b"")
        return (200, {"ETag": '"1"', "Last-Modified": "Mon"}, b"text")

    with site() as here:
        here.pages["/a"] = page
        get = fetcher().fetch
        document = get(here.address + "/a")
        assert get(here.address + "/a", document.mark) is None
        assert get(here.address + "/a").content == b"text"


def test_robots_are_heeded_and_asked_for_once():
    with site() as here:
        here.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /private\n\nUser-agent: other\nDisallow: /\n")
        here.pages["/a"] = here.pages["/private/b"] = (200, {}, b"text")
        here.pages["/c"] = (302, {"Location": "/private/b"}, b"")
        get = fetcher().fetch
        assert get(here.address + "/a").content == b"text"
        for path in ("/private/b", "/c"):
            with pytest.raises(FetchError) as caught:
                get(here.address + path)
            assert caught.value.key == "fetch_robots"
    assert here.asked("/private/b") == []
    assert len(here.asked("/robots.txt")) == 1


@pytest.mark.parametrize(("status", "fetched"), [(404, True), (403, True), (500, False), (503, False)])
def test_a_site_without_robots_allows_all_and_one_that_fails_nothing(status, fetched):
    with site() as here:
        here.pages["/robots.txt"] = (status, {}, b"")
        here.pages["/a"] = (200, {}, b"text")
        if fetched:
            assert fetcher().fetch(here.address + "/a").content == b"text"
        else:
            with pytest.raises(FetchError):
                fetcher().fetch(here.address + "/a")
            assert here.asked("/a") == []


def test_a_host_is_asked_slowly_and_as_slowly_as_it_wants():
    pauses = []
    with site() as here, site() as other:
        other.pages["/robots.txt"] = (200, {}, b"User-agent: *\nCrawl-delay: 7\n")
        for path in "ab":
            here.pages[f"/{path}"] = other.pages[f"/{path}"] = (200, {}, b"text")
        get = fetcher(pause=pauses.append).fetch
        get(here.address + "/a")
        get(here.address + "/b")
        assert 0.5 < pauses[0] <= 1.0
        assert 1.0 < pauses[1] <= 2.0
        pauses.clear()
        get(other.address + "/a")
        get(other.address + "/b")
        assert 5.0 < pauses[0] <= 7.0
        assert pauses[1] > 10.0


def test_the_certificate_has_to_be_of_the_name_though_the_connection_is_to_an_address():
    served, trusting = (ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    served.load_cert_chain(CERTIFICATE)
    trusting.load_verify_locations(CERTIFICATE)
    with site(served) as here:
        here.pages["/a"] = (200, {}, b"text")
        resolve = lambda *_: ["127.0.0.1"]  # noqa: E731
        good = fetcher(resolve=resolve, secure=trusting).fetch(f"https://paper.example:{here.port}/a")
        assert good.content == b"text"
        for name, secure in (("other.example", trusting), ("paper.example", None)):
            with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
                fetcher(resolve=resolve, secure=secure).fetch(f"https://{name}:{here.port}/a")


def test_only_these_modules_hold_an_http_client():
    clients = {
        "httpx",
        "httpcore",
        "requests",
        "urllib.request",
        "http.client",
        "urllib3",
        "aiohttp",
        "socket",
        "ftplib",
    }
    found = set()
    for path in sorted([*ROOT.glob("rag/**/*.py"), *ROOT.glob("api/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if clients & {*names}:
                found.add(path.relative_to(ROOT).as_posix())
    assert found == {"api/serving.py", "rag/fetching.py", "rag/generators/upstream.py", "rag/remote.py"}


def test_only_the_command_line_fetches():
    users = [path for path in ROOT.glob("[ar]*/**/*.py") if "import Fetcher" in path.read_text(encoding="utf-8")]
    assert [path.relative_to(ROOT).as_posix() for path in users if path.parts[-2] != "tests"] in (
        [],
        ["rag/commands/intake.py"],
    )
