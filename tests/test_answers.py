from dataclasses import asdict

from rag.answers import Copy, Source
from rag.types import Article

ARTICLE = Article("a", "Titre", "Un texte.", "fr", "https://press.example/a", "press.example", "2025-12", True)


def test_what_points_to_an_article_repeats_where_it_is_from():
    told = asdict(Copy(**ARTICLE.provenance))
    assert told.pop("article_id") == ARTICLE.id
    assert told == {name: getattr(ARTICLE, name) for name in told}
    source = Source(**ARTICLE.provenance, score=1.0, excerpt="Un")
    assert asdict(source).items() >= asdict(Copy(**ARTICLE.provenance)).items()
