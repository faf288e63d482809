"""Questions as people type them: without accents, capitals or marks, or with a slip of the fingers.

``python -m bench.keyboard SET DESTINATION`` writes a question set so, for ``rag eval``.
"""

from __future__ import annotations

import random
import sys
import unicodedata
from pathlib import Path

from bench.held_out import rows_of, write_set

BARE = {"vi": 0.65, "fr": 0.4}  # of questions are typed without accents
SMALL, OPEN, SLIPPED = 0.5, 0.6, 0.25  # without capitals, without a mark at the end, with a slip
SLIPS_FROM = 5  # letters of a word


def as_typed(text: str, language: str, chance: random.Random) -> str:
    """Return a question as somebody may type it."""
    if language == "zh":
        return text.rstrip("？? ")
    if chance.random() < BARE.get(language, 0.0):
        text = without_accents(text)
    if chance.random() < SMALL:
        text = text.lower()
    if chance.random() < OPEN:
        text = text.rstrip(" ?")
    return slipped(text, chance) if chance.random() < SLIPPED else text


def without_accents(text: str) -> str:
    """Return the text without its marks, its capitals as they are."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def slipped(text: str, chance: random.Random) -> str:
    """Return the text with two letters of a longer word in the wrong order, or one of them left out or doubled."""
    words = text.split(" ")
    longer = [place for place, word in enumerate(words) if len(word) >= SLIPS_FROM and word.isalpha()]
    if not longer:
        return text
    place = chance.choice(longer)
    word = words[place]
    at = chance.randrange(1, len(word) - 2)
    swapped, left_out = word[:at] + word[at + 1] + word[at] + word[at + 2 :], word[:at] + word[at + 1 :]
    words[place] = chance.choice((swapped, left_out, word[:at] + word[at] + word[at:]))
    return " ".join(words)


def main(folder: Path, destination: Path) -> None:
    chance = random.Random(0)
    queries = rows_of(folder / "queries.jsonl")
    typed = [row | {"text": as_typed(row["text"], row["lang"], chance)} for row in queries]
    write_set(destination, rows_of(folder / "corpus.jsonl"), typed)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("python -m bench.keyboard SET DESTINATION")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
