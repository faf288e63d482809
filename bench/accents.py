"""How often French and Vietnamese words, and pairs of them, occur: what ``rag/accents.py`` puts accents back with.

``python -m bench.accents WORDS`` counts them in the articles of ``bench.invented``, those of Vietnamese also in
``bench/vietnamese.txt``, which was written for this by a language model, and in a dictionary, each of its entries once.
It writes ``rag/accents_fr.json`` and ``rag/accents_vi.json``. WORDS has an entry a line: what ships was made with
``models/words.txt`` of the package pyvi 0.1.1 (MIT), 31,158 of them. ``python -m bench.accents --measure SET`` tells
how many words of a set's questions are right again without their accents, and how many stay right that had none.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bench.held_out import rows_of
from bench.invented import LANGUAGES as ASKED_IN
from bench.invented import paragraphs
from bench.keyboard import without_accents
from rag.accents import BREAK, EDGE, LANGUAGES, WORD, accented
from rag.languages import SYLLABLE, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TEXT = Path(__file__).with_name("vietnamese.txt")
TABLES = Path(__file__).parent.parent / "rag"
LEAST = {"fr": 2, "vi": 1}  # of a pair's count: saves half of the French to be read for .002 fewer right words of PIAF
_LATE = re.compile(r"(?:o[àáảãạèéẻẽẹ]|(?<!q)u[ỳýỷỹỵ])\b")


def texts(language: str) -> Iterator[str]:
    """Yield what there is in a language, but for the dictionary."""
    for paragraph in paragraphs():
        if paragraph.language == language:
            yield paragraph.title
            yield from paragraph.sentences
        yield from (asked[ASKED_IN.index(language)] for _, asked in paragraph.asked)
    if language == "vi":
        yield from TEXT.read_text(encoding="utf-8").splitlines()


def counted(lines: Iterable[str], entries: Iterable[str]) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """Return how often each word occurs in lines and entries, and what comes after each, in entries within them."""
    words: Counter[str] = Counter()
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        for part in BREAK.split(_plain(line)):
            row = WORD.findall(part)
            words.update(row)
            for one, other in zip([EDGE, *row], [*row, EDGE], strict=True):
                pairs[one][other] += 1
    for entry in entries:
        row = WORD.findall(_plain(entry))
        words.update(row)
        for one, other in pairwise(row):
            pairs[one][other] += 1
    return words, pairs


def _plain(text: str) -> str:
    """Return a text in small letters, with the accents of hóa and thủy where most write them: some write hoá, thuỷ."""
    return _LATE.sub(lambda found: _early(found[0]), unicodedata.normalize("NFC", text).lower())


def _early(vowels: str) -> str:
    first, last, tone = list(unicodedata.normalize("NFD", vowels))
    return unicodedata.normalize("NFC", first + tone + last)


def stored(words: Counter[str], pairs: dict[str, Counter[str]], language: str) -> dict[str, object]:
    """Return the form of a table: words by what they are without accents, and pairs where one of both may be another.

    Of words that are not Vietnamese only the pairs are kept.
    """
    alike: dict[str, Counter[str]] = defaultdict(Counter)
    for word, count in words.items():
        if language != "vi" or SYLLABLE.fullmatch(fold(word)):
            alike[fold(word)][word] = count
    open_to = {word for found in alike.values() for word in found if len(found) > 1 or word != fold(word)}
    kept = {
        one: Counter({w: n for w, n in after.items() if n >= LEAST[language] and {one, w} & open_to})
        for one, after in sorted(pairs.items())
    }
    return {
        "total": words.total(),
        "words": {bare: _row(found) for bare, found in sorted(alike.items())},
        "pairs": {one: _row(after) for one, after in kept.items() if after},
    }


def _row(counts: Counter[str]) -> str:
    return " ".join(f"{word} {count}" for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def right(questions: Iterable[str], language: str) -> tuple[int, int]:
    """Return how many words of questions without their accents are right again, of how many."""
    hits = total = 0
    for question in questions:
        asked = _plain(question)
        found = accented(without_accents(asked), language)
        pairs = list(zip(WORD.findall(asked), WORD.findall(found), strict=True))
        hits += sum(one == other for one, other in pairs)
        total += len(pairs)
    return hits, total


def measure(folder: Path) -> None:
    rows = rows_of(folder / "queries.jsonl")
    for language in LANGUAGES:
        asked = [row["text"] for row in rows if row["lang"] == language]
        bare = [text for text in asked if without_accents(text) == text]
        for name, questions in (("all", asked), ("written without accents", bare)):
            hits, total = right(questions, language)
            print(f"{language}, {name}: {hits / max(1, total):.3f} of {total} words")


def main() -> None:
    *options, path = sys.argv[1:]
    if options == ["--measure"]:
        measure(Path(path))
        return
    dictionary = Path(path).read_text(encoding="utf-8").splitlines()
    for language in LANGUAGES:
        words, pairs = counted(texts(language), dictionary if language == "vi" else ())
        text = json.dumps(stored(words, pairs, language), ensure_ascii=False, indent=0)
        (TABLES / f"accents_{language}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
