"""How well the article of a web page is told from the rest: F1 of the words kept, ours beside plain trafilatura.

``python -m bench.boilerplate``. The pages, in ``tests/articles/pages``, have the shapes that news sites have. They and
their gold texts (lead, headings, paragraphs, lists and tables; no title, byline, date or caption) were written by
those who wrote the rules: the figures say how the shapes are dealt with, not how often they occur. The rules were made
with the pages; those in ``later`` were written when the rules stood, and no rule was changed for them.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from statistics import mean

from rag.articles import read
from rag.errors import ArticleError
from rag.languages import detect

PAGES = Path(__file__).parent.parent / "tests" / "articles" / "pages"
_TOKENS = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def f1(text: str, gold: str) -> float:
    """Return the F1 of the tokens of a text, as a bag; a Chinese character is a token."""
    found, wanted = (Counter(_TOKENS.findall(t.casefold())) for t in (text, gold))
    return 2 * (found & wanted).total() / (found.total() + wanted.total())


def measure(page: Path) -> tuple[float, float]:
    """Return the F1 of our reader and of trafilatura for a page, whose gold text stands beside it."""
    from trafilatura import extract

    (article,) = read(page, detect=detect, today=date(2026, 1, 1))
    if isinstance(article, ArticleError):
        raise article
    gold = page.with_suffix(".txt").read_text(encoding="utf-8")
    plain = extract(page.read_bytes(), include_comments=False) or ""
    return f1(article.text, gold), f1(plain.removeprefix(article.title), gold)


def main() -> None:
    print(f"{'page':20}{'Askpress':>12}{'trafilatura':>13}")
    for folder in (PAGES, PAGES / "later"):
        found = {page.stem: measure(page) for page in sorted(folder.glob("*.html"))}
        for name, (ours, plain) in found.items():
            print(f"{name:20}{ours:12.3f}{plain:13.3f}")
        for language in ("en", "fr", "vi", "zh", ""):
            rows = [row for name, row in found.items() if name.startswith(language)]
            label = f"mean {language or 'all'} ({len(rows)})"
            print(f"{label:20}{mean(r[0] for r in rows):12.3f}{mean(r[1] for r in rows):13.3f}")
        print()


if __name__ == "__main__":
    main()
