"""Articles to measure with: the seed articles' sentences with other numbers and names. Synthetic, and said to be."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from rag.articles import read
from rag.opening import seeds_folder
from rag.types import Article

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("Nanning", "Hanoï", "Da Nang", "Hué", "Can Tho", "Haïphong", "Singapour", "Séoul", "Tokyo", "Lyon", "Genève")


def write_articles(path: Path, passages: int) -> None:
    """Write a JSON Lines file of one-sentence articles, so that passages and articles are as many."""
    with path.open("w", encoding="utf-8") as lines:
        for number, text in enumerate(texts(passages)):
            lines.write(json.dumps({"id": f"bench-{number}", "title": f"Dossier {number}", "text": text}) + "\n")


def texts(count: int, sentences: int = 1, seed: int = 7) -> list[str]:
    """Return texts of some sentences each, of which no two are the same."""
    chance = random.Random(seed)
    known, made = seed_sentences(), []
    for number in range(count):
        said = (" ".join(_varied(word, chance) for word in chance.choice(known).split()) for _ in range(sentences))
        made.append(f"{chance.choice(NAMES)}, dossier {number} : {'. '.join(said)}.")
    return made


def seed_sentences() -> list[str]:
    """Return the sentences of the seed articles that are neither short nor long."""
    lines = [line for article in seed_articles() for line in article.text.split("\n")]
    return [part for line in lines for part in line.split(". ") if 60 < len(part) < 240]


def seed_articles() -> list[Article]:
    """Return the articles that ship with Askpress."""
    found = (article for path in sorted(seeds_folder().glob("*.txt")) for article in read(path, detect=lambda _: "fr"))
    return [article for article in found if isinstance(article, Article)]


def _varied(word: str, chance: random.Random) -> str:
    if word.isdigit():
        return str(chance.randint(2, 9999))
    return chance.choice(NAMES) if word in {"Nanning", "Vietnam", "Chine"} else word


QUESTIONS = (
    "Combien de délégués étaient présents à Nanning ?",
    "Which companies took part in the conference?",
    "Ai là tổng lãnh sự tại San Francisco?",
    "哪些科技公司参加了会议?",
    "Qui a fondé GotIt ?",
    "What did the consul general announce?",
    "Mục tiêu của ViGen là gì?",
    "Quels protocoles d'accord ont été signés ?",
)
