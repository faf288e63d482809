from dataclasses import FrozenInstanceError, replace

import pytest

from rag.answers import Claim
from rag.errors import ArticleError
from rag.types import Article, Problem, Removed, Span, as_json

ARTICLE = Article(id="a", title="Titre", text="Un texte.", language="fr", headings=(Span(0, 2),))


def test_records_are_frozen():
    with pytest.raises(FrozenInstanceError):
        ARTICLE.title = "autre"


def test_a_digest_tells_what_a_reader_sees_apart():
    seen = [replace(ARTICLE, title="b"), replace(ARTICLE, text="b"), replace(ARTICLE, published="2025")]
    assert len({ARTICLE.digest, *(article.digest for article in seen)}) == 4
    unseen = replace(ARTICLE, origin="elsewhere", removed=(Removed("x", "image"),))
    assert unseen.digest == ARTICLE.digest


def test_records_become_plain_json():
    claim = as_json(Claim("Un", 0, 2, "verbatim", (1, 2)))
    assert claim == {"text": "Un", "start": 0, "stop": 2, "support": "verbatim", "citations": [1, 2]}
    assert as_json({"spans": (Span(1, 2),)}) == {"spans": [{"start": 1, "stop": 2}]}


def test_errors_and_problems_become_json_in_the_language_asked_for():
    error = ArticleError("path_not_found", path="/x")
    assert as_json(error, "fr") == {"key": "path_not_found", "message": error.said("fr")}
    problem = Problem("path_not_found", {"path": "/x"}, repaired=True)
    assert as_json(problem, "en") == {"key": "path_not_found", "message": problem.said("en"), "repaired": True}
