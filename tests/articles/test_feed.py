"""Feeds: an item an article, and a bad one harms no other."""

import pytest
from linearity import assert_linear

from rag.articles import read
from rag.errors import ArticleError

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>La Gazette</title><language>fr-FR</language>
<item><title>Le port &amp;amp; la halle</title><link>https://www.a.example/1</link>
<pubDate>Tue, 11 Mar 2025 08:00:00 +0100</pubDate>
<description>Un résumé.</description>
<content:encoded><![CDATA[<p>Le port rouvre <b>lundi</b>.</p><p>La halle aussi.</p>]]></content:encoded></item>
<item><title>Sans texte</title><link>https://www.a.example/2</link></item>
<item><description>&lt;p&gt;Une brève sans titre, qui a pourtant un texte.&lt;/p&gt;</description>
<guid>tag:a.example,2</guid><dc:date>2025-03-10</dc:date></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="vi"><title>Tin</title>
<entry><title type="html">Cầu &lt;i&gt;mới&lt;/i&gt;</title>
<link rel="self" href="https://b.example/feed"/><link href="https://b.example/1"/>
<updated>2025-03-12T00:00:00Z</updated><published>2025-03-01T00:00:00Z</published>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Cầu thông xe.</p><p>Xe chạy từ sáng nay.</p></div>
</content></entry></feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel><title>Old</title></channel><item><title>One</title><link>http://c.example/1</link>
<description>A short text of one item.</description></item></rdf:RDF>"""


def read_all(tmp_path, text, name="a.rss"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(path, detect=lambda _: "und"))


def test_rss(tmp_path):
    first, second, third = read_all(tmp_path, RSS)
    assert (first.title, first.url, first.outlet) == ("Le port & la halle", "https://www.a.example/1", "La Gazette")
    assert (first.published, first.language, first.origin) == ("2025-03-11", "fr", "a.rss:1")
    assert first.text == "Le port rouvre lundi.\n\nLa halle aussi."
    assert isinstance(second, ArticleError)
    assert "a.rss:2" in str(second)
    assert (third.text, third.published, third.url) == (
        "Une brève sans titre, qui a pourtant un texte.",
        "2025-03-10",
        None,
    )


def test_atom(tmp_path):
    (entry,) = read_all(tmp_path, ATOM, "a.atom")
    assert (entry.title, entry.url, entry.outlet, entry.language) == ("Cầu mới", "https://b.example/1", "Tin", "vi")
    assert entry.published == "2025-03-01"
    assert entry.text == "Cầu thông xe.\n\nXe chạy từ sáng nay."


def test_rdf_in_another_encoding(tmp_path):
    text = '<?xml version="1.0" encoding="iso-8859-1"?>' + RDF.replace("short", "français")
    (item,) = read_all(tmp_path, text.encode("latin-1"), "a.xml")
    assert (item.title, item.text) == ("One", "A français text of one item.")


def test_a_feed_that_breaks_off_gives_what_came_before(tmp_path):
    found = read_all(tmp_path, RSS[: RSS.index("<item><title>Sans")])
    assert [article.title for article in found] == ["Le port & la halle"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "article_empty"),
        ("<urlset/>", "feed_unknown"),
        ("no xml", "xml_invalid"),
        ("<rss><channel/></rss>", "article_without_text"),
        ('<!DOCTYPE rss [<!ENTITY a "b">]><rss/>', "xml_entities"),
        ("<rss>" * 100_000, "article_without_text"),
        (
            f"<rss><channel><item><description>{'a' * (5 << 20)}</description></item></channel></rss>",
            "article_too_large",
        ),
    ],
)
def test_what_is_no_feed_is_an_error_that_names_it(tmp_path, text, key):
    (error,) = read_all(tmp_path, text, "a.xml")
    assert isinstance(error, ArticleError)
    assert error.key == key
    assert "a.xml" in str(error)


def test_time_is_linear(tmp_path):
    item = "<item><title>Un titre</title><description>Une phrase.</description></item>"
    assert_linear(lambda size: read_all(tmp_path, f"<rss><channel>{item * size}</channel></rss>"), 100)
