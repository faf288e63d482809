"""Ids are stable, unique and safe; addresses are web addresses."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.articles.identity import id_of_content, id_of_path, outlet_of, usable_id, usable_url

paths = st.lists(st.text(alphabet="aB-é中. _1/", min_size=1, max_size=40), min_size=1, max_size=3).map(
    lambda parts: PurePosixPath(*(part.replace("/", "") + "x" for part in parts))
)


def test_a_plain_name_is_its_id_and_others_get_a_digest():
    assert id_of_path(PurePosixPath("000_5aadc083f23c07fc.txt")) == "000_5aadc083f23c07fc"
    assert re.fullmatch(r"presse-ete-a-[0-9a-f]{8}", id_of_path(PurePosixPath("Presse/Été à.md")))
    assert re.fullmatch(r"[0-9a-f]{8}", id_of_path(PurePosixPath("新闻.txt")))
    assert id_of_path(PurePosixPath("Đà Nẵng.txt")).startswith("da-nang-")


@given(st.lists(paths, unique=True, min_size=2, max_size=20))
def test_ids_of_paths_are_safe_and_unique(several):
    ids = [id_of_path(path) for path in several]
    assert len(set(ids)) == len({str(path) for path in several})
    assert all(re.fullmatch(r"[a-z0-9_][a-z0-9._-]{0,99}", i) for i in ids)


def test_the_id_of_content_follows_the_address_where_there_is_one():
    assert id_of_content("https://a.vn/1", "T", "x") == id_of_content("https://a.vn/1", "U", "y")
    assert id_of_content(None, "T", "x") != id_of_content(None, "T", "y")


def test_usable_ids():
    assert usable_id("vna:2025/12 é")
    assert not any(usable_id(value) for value in ("", "  ", "a\nb", "x" * 201))


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a.vn", "https://", "http://[", "https://a b",
     'https://a.vn/"><script>', "a.vn", "https://a.vn/" + "x" * 2000],
)  # fmt: skip
def test_addresses_that_are_no_links_are_refused(url):
    assert not usable_url(url)


def test_the_outlet_is_the_host():
    assert usable_url("https://www.baoquocte.vn/tong-lanh-su-337262.html")
    assert outlet_of("https://www.baoquocte.vn/tong-lanh-su-337262.html") == "baoquocte.vn"
