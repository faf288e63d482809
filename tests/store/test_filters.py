from __future__ import annotations

import pytest

from rag.store.filters import sources
from rag.types import Article


@pytest.mark.parametrize(
    ("url", "outlet", "names"),
    [
        ("https://WWW.Nhandan.vn:443/a?b", "Nhân Dân", ["nhân dân", "www.nhandan.vn"]),
        (None, None, []),
        ("http://[", "X", ["x"]),
        ("no address", None, []),
    ],
)
def test_the_names_of_a_source(url, outlet, names):
    assert sources(Article("a", "", "", "fr", url=url, outlet=outlet)) == names
