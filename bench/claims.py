"""How many false claims the claim check catches, and how many true ones it rejects (docs/claim-check.md).

``python -m bench.claims [FOLDER]`` prints the figures of the part that nothing was fitted to; ``--fit`` writes the
weights in ``rag/support.json`` anew, from another part. The claims are

- ``bench/claims.jsonl``: claims about passages of the seed articles, written for Askpress in four languages, each put
  to the passage in French and to its translations into the three others. Under the project's licence; the French
  passages are the seed articles' own words.
- where FOLDER has XQuAD in the form that ``rag eval`` reads (CC BY-SA 4.0): its sentences, which are parallel, and so
  are true in the other languages; cut and turned round for their own; and falsified. Nothing of it is kept here.

Parts are by article; half of XQuAD's the reader was fitted to (bench/reader.py), and no claim is made of them here.
Needs the bundled encoder.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from bench.falsify import FALSIFICATIONS, FALSIFIED, rewritten
from rag import tables
from rag.citations import ClaimReader, sentences_of
from rag.encoders import load as load_encoder
from rag.segmentation import segment
from rag.settings import load as load_settings
from rag.support import SETS, features, nearest, score, stated, window
from rag.types import Article, Candidate, Hit, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rag.protocols import Encoder
    from rag.types import Asked, Passage

HANDMADE = Path(__file__).with_name("claims.jsonl")
WEIGHTS = Path(__file__).parents[1] / "rag" / "support.json"
GOOD = ("similarity", "odds")  # features that speak for a claim; the others speak against it
LANGUAGES = ("fr", "en", "vi", "zh")
SAMPLE = 40  # claims of a kind and a pair of languages taken of XQuAD, three times as many true ones
REJECTED = {"same": 0.05, "across": 0.085}  # share of the true claims that the weights are fitted to reject, at most
PARTS = {"fitted": "fitted to", "apart": "kept apart"}


@dataclass(frozen=True, slots=True)
class Case:
    """A claim, and the passage that it is put to: ``group`` of ``source``, in the language ``quoted``.

    ``kind`` is ``true`` or what makes the claim false.
    """

    source: str
    article: str
    group: str
    kind: str
    language: str
    quoted: str
    text: str

    @property
    def pair(self) -> str:
        return "same" if self.language == self.quoted else "across"

    @property
    def part(self) -> str:
        """Whether the reader was fitted to the case's article, or the weights, or nothing."""
        if self.source == "seeds":
            return "fitted" if self.article.startswith("000") else "apart"
        return {1: "fitted", 3: "apart"}.get(int(self.article) % 4, "reader")


@dataclass(frozen=True, slots=True)
class Texts:
    """Passages by (source, group, language), and the groups of each (source, article)."""

    passages: Mapping[tuple[str, str, str], Article]
    groups: Mapping[tuple[str, str], list[str]]


def handmade() -> tuple[Texts, list[Case]]:
    rows = [json.loads(line) for line in HANDMADE.read_text(encoding="utf-8").splitlines()]
    passages, groups = {}, defaultdict(list)
    for row in rows:
        if "kind" not in row:
            groups["seeds", row["article"]].append(row["passage"])
            for language in LANGUAGES:
                name = f"{row['passage']}-{language}"
                passages["seeds", row["passage"], language] = Article(name, "", row[language], language)
    articles = {passage: article for (_, article), names in groups.items() for passage in names}
    cases = [
        Case("seeds", articles[row["passage"]], row["passage"], row["kind"], row["language"], quoted, row["text"])
        for row in rows
        if "kind" in row
        for quoted in LANGUAGES
    ]
    return Texts(passages, groups), cases


def xquad(folder: Path, languages: Sequence[str] = LANGUAGES) -> tuple[Texts, list[Case]]:
    """Return the paragraphs of XQuAD in those languages, and claims made of their sentences.

    In a language not of FALSIFIED, claims are the parallel sentences and the unrelated ones.
    """
    passages: dict[tuple[str, str, str], Article] = {}
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    sentences, of = {}, {}
    for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["lang"] in languages:
            key = ("xquad", row["group"], row["lang"])
            passages[key] = Article(
                row["id"], row["title"].replace("_", " "), row["text"].lstrip("\ufeff"), row["lang"]
            )
            sentences[key] = [span.of(passages[key].text) for p in cut(passages[key]) for span in p.sentences]
            of[row["group"]] = str(row["article"])
            if row["group"] not in groups["xquad", str(row["article"])]:
                groups["xquad", str(row["article"])].append(row["group"])
    answers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["group"] in of:
            answers[row["lang"], of[row["group"]]].update(row["answers"])
    cases: list[Case] = []
    for (source, group, language), own in sentences.items():
        article = of[group]
        others = [s for g in groups[source, article] for s in sentences[source, g, language] if s not in own]
        far = [s for key, found in sentences.items() if key[2] == language and of[key[1]] != article for s in found[:1]]
        falsifications = FALSIFICATIONS if language in FALSIFIED else {}
        for quoted in languages:
            parallel = sentences.get((source, group, quoted), [])
            for place, sentence in enumerate(own if len(own) == len(parallel) else []):
                chance = random.Random(f"{language}{quoted}{group}{place}")
                made = [("true", rewritten(sentence, language) if language == quoted else sentence)]
                made.append(("unrelated", chance.choice(far)))
                for kind, falsify in falsifications.items():
                    made.append((kind, falsify(sentence, language, others, answers[language, article], chance)))
                cases.extend(
                    Case(source, article, group, kind, language, quoted, text)
                    for kind, text in made
                    if text and (text != sentence or kind == "true")
                    if (8 if language == "zh" else 25) < len(text) < 400
                )
    return Texts(passages, groups), cases


def sampled(cases: Iterable[Case]) -> list[Case]:
    """Return as many as SAMPLE says of those that the reader was not fitted to."""
    kinds: dict[tuple[str, str, str, str], list[Case]] = defaultdict(list)
    for case in cases:
        if case.part in PARTS:
            kinds[case.kind, case.language, case.quoted, case.part].append(case)
    chance = random.Random(1)
    return [
        case
        for key, found in sorted(kinds.items())
        for case in chance.sample(found, min(len(found), SAMPLE * (3 if key[0] == "true" else 1)))
    ]


def cut(article: Article) -> tuple[Passage, ...]:
    return segment(article, lambda texts: [len(text.split()) for text in texts], 10**6)


class Remembering:
    """An Encoder for passages that has seen its texts before: one call for many is faster than many calls."""

    def __init__(self, encoder: Encoder, texts: Iterable[tuple[str, str]]) -> None:
        self._encoder = encoder
        self._texts = list(dict.fromkeys(texts))
        vectors = encoder.encode_passages([t for t, _ in self._texts], [language for _, language in self._texts])
        self._vectors = dict(zip(self._texts, vectors, strict=True))
        self._odds = cache(lambda kind, asked, window: float(encoder.read(kind, asked, [window])[0]))
        self.unread = False

    def encode_passages(self, texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
        keys = list(zip(texts, languages, strict=True))
        if any(key not in self._vectors for key in keys):
            return self._encoder.encode_passages(texts, languages)
        return np.array([self._vectors[key] for key in keys])

    def read(self, kind: Asked, asked: str, windows: Sequence[Window]) -> NDArray[np.float32]:
        """Log-odds are remembered, too; with ``unread`` there are none, as of an encoder without a reader."""
        if self.unread:
            return np.zeros(0, np.float32)
        return np.array([self._odds(kind, asked, window) for window in windows], np.float32)


def hits_of(case: Case, texts: Texts, encoder: Remembering) -> list[Hit]:
    """Return the passage that a case is put to, first, and the others of its article."""
    names = [case.group, *(g for g in texts.groups[case.source, case.article] if g != case.group)]
    hits = []
    for name in names:
        article = texts.passages[case.source, name, case.quoted]
        for passage in cut(article):
            parts = [span.of(article.text) for span in passage.sentences]
            vectors = encoder.encode_passages(parts, [article.language] * len(parts))
            hits.append(Hit(Candidate(article, passage, vectors[0], vectors, 0.0), 1.0, 1.0, 0.0, (1.0,) * len(parts)))
    return hits


def carried(case: Case, hits: Sequence[Hit], encoder: Remembering) -> bool:
    """Whether a draft that says the claim, and names its passage, is shown with a quote."""
    reader = ClaimReader(hits, language=case.language, encoder=cast("Encoder", encoder))
    return bool([*reader.read(f"{case.text} [1]\n"), *reader.finish()])


def fit(cases: Sequence[Case], all_hits: Mapping[Case, Sequence[Hit]], encoder: Remembering) -> None:
    """Write the weights: logistic regression whose signs are held to what they mean, by source in equal parts.

    Twice, since the weights choose the sentence that a claim is compared with. The intercept is moved to where, of the
    true claims, REJECTED are rejected.
    """
    for _ in range(2):
        weights = {}
        for name in SETS:
            own = [case for case in cases if case.pair == name.removesuffix("_read")]
            rows = [_weighed(case, all_hits[case], encoder, read=name.endswith("_read")) for case in own]
            weights[name] = _regression(own, rows)
            scores = [math.fsum(weights[name][n] * v for n, v in row.items()) if row else -math.inf for row in rows]
            true = _shares(own, [case.kind == "true" for case in own])
            ranked = sorted((score, share) for score, share in zip(scores, true, strict=True) if share)
            total, place = 0.0, 0
            while total + ranked[place][1] <= REJECTED[own[0].pair]:
                total, place = total + ranked[place][1], place + 1
            weights[name]["intercept"] = -ranked[place][0] + 1e-3
        rounded = {name: {key: round(value, 3) for key, value in found.items()} for name, found in weights.items()}
        WEIGHTS.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
        tables.table.cache_clear()


def _weighed(case: Case, hits: Sequence[Hit], encoder: Remembering, *, read: bool) -> dict[str, float]:
    """Return the features of a case with the sentence that carries it best; none where all contradict it."""
    found = list(sentences_of(hits))
    claim = stated(case.text, case.language, found, cast("Encoder", encoder))
    near = [(sentence,) for sentence in nearest(claim, [s for s in found if s.hit == 0])]
    best = max(near, key=lambda group: score(claim, group))
    if score(claim, best) == -math.inf:
        return {}
    odds = {"odds": float(claim.read([window(best)])[0])} if read else {}
    return features(claim, best) | odds


def _shares(cases: Sequence[Case], chosen: Sequence[bool]) -> list[float]:
    """Return a weight for each chosen case, so that the sources weigh alike and all weigh 1 together."""
    counts = Counter(case.source for case, yes in zip(cases, chosen, strict=True) if yes)
    return [yes / counts[case.source] / len(counts) if yes else 0.0 for case, yes in zip(cases, chosen, strict=True)]


def _regression(cases: Sequence[Case], rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    from scipy.optimize import minimize

    kept = [place for place, row in enumerate(rows) if row]
    names = list(rows[kept[0]])
    values = np.array([[rows[place][name] for name in names] for place in kept])
    scale = values.std(0) + 1e-9
    values = values / scale
    true = np.array([cases[place].kind == "true" for place in kept])
    sides = [_shares([cases[place] for place in kept], (true == side).tolist()) for side in (True, False)]
    weight = np.sum(sides, axis=0) / 2 * len(kept)
    sign = np.where(true, 1.0, -1.0)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (values @ point[1:] + point[0])
        slope = -sign * weight * np.exp(-np.logaddexp(0, margin))
        value = float(weight @ np.logaddexp(0, -margin) + 0.5 * point[1:] @ point[1:])
        return value, np.concatenate([[slope.sum()], values.T @ slope + point[1:]])

    bounds = [(None, None)] + [(0, None) if name in GOOD else (None, 0) for name in names]
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return {"intercept": float(found[0]), **dict(zip(names, (found[1:] / scale).tolist(), strict=True))}


def table(cases: Sequence[Case], shown: Sequence[bool]) -> Iterator[str]:
    """Yield lines: of the true claims the share rejected, of the false ones the share caught, by source and kind."""
    kinds = list(dict.fromkeys(sorted(case.kind for case in cases if case.kind != "true")))
    yield f"{'':16}{'rejected':>13}{'caught':>13}" + "".join(f"{kind:>13}" for kind in kinds)
    for pair in ("same", "across"):
        for source in (*sorted({case.source for case in cases}), "all"):
            own = [
                (c, yes) for c, yes in zip(cases, shown, strict=True) if c.pair == pair and source in (c.source, "all")
            ]
            columns = [[not yes for c, yes in own if c.kind == "true"], [not yes for c, yes in own if c.kind != "true"]]
            columns += [[not yes for c, yes in own if c.kind == kind] for kind in kinds]
            yield f"{pair:8}{source:8}" + "".join(f"{_share(column):>13}" for column in columns)


def _share(found: Sequence[bool]) -> str:
    return f"{sum(found) / len(found):.3f} {len(found):>5}" if found else "-"


def main() -> None:
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    settings = load_settings()
    sets = [handmade()]
    for folder in folders:
        texts, made = xquad(folder)
        sets.append((texts, sampled(made)))
    cases = [case for _, found in sets for case in found]
    texts = Texts(
        {k: v for t, _ in sets for k, v in t.passages.items()}, {k: v for t, _ in sets for k, v in t.groups.items()}
    )
    read = [(case.text, case.language) for case in cases]
    read += [(s.of(a.text), a.language) for a in texts.passages.values() for p in cut(a) for s in p.sentences]
    encoder = Remembering(load_encoder(settings.encoder, cache_dir=settings.cache_dir), read)
    if "--fit" in sys.argv:
        half = [case for case in cases if case.part == "fitted"]
        fit(half, {case: hits_of(case, texts, encoder) for case in half}, encoder)
    for part, name in PARTS.items():
        for encoder.unread in (True, False):
            own = [case for case in cases if case.part == part]
            shown = [carried(case, hits_of(case, texts, encoder), encoder) for case in own]
            reader = "without the reader" if encoder.unread else "with the reader"
            print(f"\nThe part {name}, {reader}: {len(own)} claims. The share, and of how many.\n")
            print("\n".join(table(own, shown)))


if __name__ == "__main__":
    main()
