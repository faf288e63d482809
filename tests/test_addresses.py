import pytest
from fakes import MemoryStore, WordEncoder
from web_server import fetcher, site

from rag.addresses import AddressChanges
from rag.indexing import Indexer
from rag.types import Article

PROSE = (
    "The consul general opened the fair in Nanning on Monday. Three hundred delegates had come, among them the "
    "founders of a company that teaches machines Vietnamese. They signed an agreement, and left for Hanoi at night. "
)


def page(title, text, date="2025-11-03", head=""):
    html = (
        f"<html lang=en><head><title>{title}</title>{head}<meta property='article:published_time' content='{date}'>"
        f"</head><body><nav><a href=/>Home</a> <a href=/b>Sport</a></nav><article><h1>{title}</h1>"
        f"<p>{text}</p><p>{PROSE}</p><p>{PROSE[::-1][::-1]} It rained.</p></article></body></html>"
    )
    return (200, {"Content-Type": "text/html; charset=utf-8", "ETag": f'"{hash((title, text))}"'}, html.encode())


def changing(answer):
    """A page that is not sent again to who has it."""

    def asked(handler):
        return (304, {}, b"") if handler.headers.get("If-None-Match") == answer[1]["ETag"] else answer

    return asked


def rss(*items):
    return (
        200,
        {"Content-Type": "application/rss+xml"},
        f"<rss><channel><title>T</title>{''.join(items)}</channel></rss>".encode(),
    )


@pytest.fixture
def here():
    with site() as here:
        yield here


@pytest.fixture
def store():
    return MemoryStore()


def add(store, *urls, feeds=()):
    return Indexer(store, WordEncoder(), 60).take(AddressChanges(urls, feeds, store, fetcher()))


def test_a_page_becomes_an_article_of_its_address(here, store):
    here.pages["/a"] = page("The fair", "It was cold.")
    url = here.address + "/a"
    ((article_id),) = add(store, url).added
    article = store.article(article_id)
    assert (article.title, article.url, article.origin, article.outlet) == ("The fair", url, url, "127.0.0.1")
    assert article.published == "2025-11-03"
    assert "Three hundred delegates" in article.text
    assert "Sport" not in article.text


def test_a_page_that_has_not_changed_is_neither_sent_nor_read_again(here, store):
    here.pages["/a"] = changing(page("The fair", "It was cold."))
    here.pages["/b"] = (200, {"Content-Type": "text/html"}, page("Without a mark", "It was warm.")[2])
    urls = (here.address + "/a", here.address + "/b")
    added = add(store, *urls).added
    assert len(added) == 2
    assert add(store, *urls).unchanged == added
    assert "If-None-Match" in here.asked("/a")[1]
    here.pages["/a"] = changing(page("The fair", "It was very cold."))
    assert add(store, *urls).updated == added[:1]
    assert "very cold" in store.article(added[0]).text


def test_an_article_that_was_removed_is_asked_for_anew(here, store):
    here.pages["/a"] = changing(page("The fair", "It was cold."))
    added = add(store, here.address + "/a").added
    store.remove(added)
    assert add(store, here.address + "/a").added == added


def test_what_cannot_be_fetched_or_read_is_a_failure_among_others(here, store):
    here.pages["/a"] = page("The fair", "It was cold.")
    here.pages["/empty"] = (200, {"Content-Type": "text/html"}, b"<html><body></body></html>")
    here.pages["/film"] = (200, {"Content-Type": "video/mp4"}, b"\x00")
    urls = [here.address + path for path in ("/missing", "/empty", "/film", "/a")] + ["http://10.0.0.1/"]
    report = add(store, *urls)
    assert len(report.added) == 1
    assert [error.values["origin"] for error in report.failures] == [*urls[:3], urls[4]]


def test_other_documents_are_read_by_their_kind_or_their_name(here, store):
    here.pages["/note"] = (200, {"Content-Type": "text/plain"}, PROSE.encode())
    here.pages["/b.md?x=1"] = (200, {"Content-Type": "application/octet-stream"}, b"# Title\n\nA note on the fair.")
    here.pages["/c.jsonl"] = (200, {}, b'{"id": "c1", "text": "One line."}\n{"id": "c2", "text": "Another line."}\n')
    urls = [here.address + path for path in ("/note", "/b.md?x=1", "/c.jsonl")]
    report = add(store, *urls)
    assert report.failures == ()
    assert len(report.added) == 4
    assert {"c1", "c2"} < set(report.added)
    assert {store.article(name).origin for name in report.added} == {*urls}
    assert add(store, *urls).unchanged == report.added


def test_a_page_cannot_pass_for_one_of_another_site_nor_take_its_place(here, store):
    kept = Article("kept", "Kept", "An article of a file.", "en", origin="upload/kept")
    Indexer(store, WordEncoder(), 60).add([kept])
    canonical = "<link rel=canonical href='https://paper.example/real'>"
    here.pages["/a"] = page("The fair", "It was cold.", head=canonical)
    here.pages["/b.jsonl"] = (200, {}, b'{"id": "kept", "text": "Something else."}\n')
    report = add(store, here.address + "/a", here.address + "/b.jsonl")
    assert store.article(report.added[0]).url == here.address + "/a"
    assert [error.key for error in report.failures] == ["id_taken"]
    assert store.article("kept") == kept


def test_redirects_name_the_article_by_where_they_lead(here, store):
    here.pages["/short"] = (302, {"Location": "/a"}, b"")
    here.pages["/a"] = page("The fair", "It was cold.")
    added = add(store, here.address + "/short").added
    assert store.article(added[0]).url == here.address + "/a"
    assert add(store, here.address + "/a").updated == added


def test_a_feed_brings_its_items_from_their_pages_and_in_full(here, store):
    text = f"<description>&lt;p&gt;{PROSE * 8}</description>"
    full = f"<item><title>In full</title><link>{here.address}/full</link>{text}</item>"
    linked = (
        f"<item><title>L</title><link>{here.address}/a</link><pubDate>Mon, 10 Nov 2025 08:00:00 GMT</pubDate></item>"
    )
    gone = f"<item><title>Gone</title><link>{here.address}/gone</link></item>"
    here.pages["/rss"] = rss(full, linked, gone)
    here.pages["/a"] = page("The fair", "It was cold.", date="")
    report = add(store, feeds=[here.address + "/rss"])
    titles = {store.article(name).title: store.article(name) for name in report.added}
    assert titles.keys() == {"In full", "The fair"}
    assert titles["The fair"].published == "2025-11-10"
    assert titles["In full"].url == here.address + "/full"
    assert here.asked("/full") == []
    assert [error.values["origin"] for error in report.failures] == [here.address + "/gone"]


def test_a_feed_that_is_read_again_asks_only_for_what_is_new(here, store):
    items = [f"<item><link>{here.address}/{name}</link></item>" for name in "abc"]
    for name in "abc":
        here.pages[f"/{name}"] = page(f"Title {name}", f"It was the day of {name}.")
    here.pages["/rss"] = rss(*items[:2])
    feeds = [here.address + "/rss"]
    assert len(add(store, feeds=feeds).added) == 2
    here.pages["/rss"] = rss(*items)
    assert len(add(store, feeds=feeds).added) == 1
    assert [len(here.asked(f"/{name}")) for name in "abc"] == [1, 1, 1]


def test_a_feed_is_finished_after_an_interruption(here, store):
    for name in "ab":
        here.pages[f"/{name}"] = page(f"Title {name}", f"It was the day of {name}.")
    here.pages["/b"], kept = (503, {}, b""), here.pages["/b"]
    here.pages["/rss"] = rss(*(f"<item><link>{here.address}/{name}</link></item>" for name in "ab"))
    assert len(add(store, feeds=[here.address + "/rss"]).failures) == 1
    here.pages["/b"] = kept
    report = add(store, feeds=[here.address + "/rss"])
    assert (len(report.added), report.failures) == (1, ())


def test_a_feed_cannot_lead_into_the_network(here, store):
    links = ("http://169.254.169.254/latest/meta-data", "http://127.0.0.2:22/", "file:///etc/passwd", "http://[::1]/")
    here.pages["/rss"] = rss(*(f"<item><title>t</title><link>{link}</link></item>" for link in links))
    report = add(store, feeds=[here.address + "/rss"])
    assert report.added == ()
    assert len(report.failures) == len(links)
