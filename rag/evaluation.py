"""Measures retrieval, citation, abstention and answers on a question set, through the engine that users run.

A question set is a folder with ``corpus.jsonl`` (or ``.jsonl.gz``), an article a line as ``rag sync`` reads it, and
``queries.jsonl``: ``{"id", "lang", "text", "answers": [...], "relevant": [article ids], "answerable": bool}``, with an
optional ``miss`` that says in which way an unanswerable question misses.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ir_measures import RR, Qrel, R, ScoredDoc, Success, calc_aggregate, nDCG
from scipy.stats import mannwhitneyu

from rag.answers import Answer
from rag.engine import Engine
from rag.errors import QuestionSetError
from rag.overlap import overlap
from rag.protocols import Progress, silent
from rag.types import Filters, Hit

RRF_K = 60
BASELINES = ("bm25", "dense", "rrf")
BINS = 10  # of equal width, as in Guo et al., "On Calibration of Modern Neural Networks", ICML 2017


@dataclass(frozen=True, slots=True)
class Query:
    """A question of a set. ``relevant`` are the ids of the articles that answer it, in any language."""

    id: str
    language: str
    text: str
    answers: tuple[str, ...]
    relevant: frozenset[str]
    answerable: bool
    miss: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the engine made of a query.

    ``rankings`` are article ids, best first, by ranker: ``askpress`` and the BASELINES, all from the same candidates.
    ``generator`` is the one that was to write the answer.
    """

    query: Query
    rankings: Mapping[str, tuple[str, ...]]
    answer: Answer
    generator: str

    @property
    def cites_answer(self) -> bool:
        """Whether a quote contains a gold answer, after NFKC and with white space and case folded."""
        quotes = [folded(citation.quote) for citation in self.answer.citations]
        return any(folded(answer) in quote for answer in self.query.answers for quote in quotes)

    @property
    def fell_back(self) -> bool:
        """Whether the extractive generator stood in; nothing of a draft was ``dropped`` where the generator failed."""
        return self.answer.generator != self.generator


def folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def queries(
    folder: Path, *, language: str | None = None, where: str | None = None, limit: int | None = None
) -> list[Query]:
    """Return the questions of a set, an even sample of ``limit`` where there are more. Raises QuestionSetError.

    Questions that share a ``qgroup`` are one question in several languages, and share their answers, since an article
    answers in its own. ``where``, as in ``self_contained=true``, keeps those with a value, as JSON writes it, at a key.
    """
    path = folder / "queries.jsonl"
    rows = list(_rows(path))
    groups: dict[str, dict[str, None]] = {}
    for _, row in rows:
        groups.setdefault(row.get("qgroup") or row.get("id", ""), {}).update(dict.fromkeys(row.get("answers", ())))
    found = []
    for number, row in rows:
        try:
            query = Query(
                id=row["id"],
                language=row["lang"],
                text=row["text"],
                answers=tuple(groups[row.get("qgroup") or row["id"]]),
                relevant=frozenset(row["relevant"]),
                answerable=row["answerable"],
                miss=row.get("miss"),
            )
        except KeyError as error:
            raise QuestionSetError("question_set_key", path=path, line=number, name=error) from error
        if language in (None, query.language) and (where is None or _holds(row, where)):
            found.append(query)
    step = max(1.0, len(found) / limit) if limit else 1.0
    return [found[int(i * step)] for i in range(int(len(found) / step))]


def _holds(row: Mapping[str, Any], where: str) -> bool:
    name, _, wanted = where.partition("=")
    value = row.get(name)
    return wanted == (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield number, json.loads(line)
                except ValueError as error:
                    raise QuestionSetError("question_set_line", path=path, line=number, reason=error) from error
    except OSError as error:
        raise QuestionSetError("question_set_missing", path=path, reason=error.strerror) from error


def run(
    engine: Engine, asked: Sequence[Query], *, corpus_language: str | None = None, progress: Progress = silent
) -> list[Outcome]:
    """Ask each question, of the articles in one language where one is named.

    The engine is to answer whatever the probability (threshold 0), so that citations can be judged apart from
    abstention.
    """
    filters = Filters(languages=(corpus_language,) if corpus_language else ())
    outcomes = []
    for number, query in enumerate(asked):
        progress("ask", number / len(asked))
        retrieval = engine.retrieve(query.text, filters=filters)
        answer = replace(engine.answer(retrieval), sources=())  # those of thousands of answers would fill the memory
        outcomes.append(Outcome(query, _rankings(retrieval.hits), answer, engine.generator.name))
    return outcomes


def _rankings(hits: Sequence[Hit]) -> dict[str, tuple[str, ...]]:
    """Rank the same candidates as Askpress does, by BM25 alone, by the passage's vector alone, and by RRF of the two.

    Reciprocal rank fusion with k = 60: Cormack, Clarke and Buettcher, SIGIR 2009.
    """
    lexical = sorted((hit for hit in hits if hit.lexical), key=lambda hit: -hit.lexical)
    dense = sorted(hits, key=lambda hit: -(hit.dense - max(hit.sentence_scores)))
    fused: dict[int, float] = {}
    for ranking in (lexical, dense):
        for rank, hit in enumerate(ranking, 1):
            fused[id(hit)] = fused.get(id(hit), 0.0) + 1 / (RRF_K + rank)
    rrf = sorted(hits, key=lambda hit: -fused[id(hit)])
    rankings = {"askpress": hits, "bm25": lexical, "dense": dense, "rrf": rrf}
    return {name: tuple(dict.fromkeys(hit.candidate.article.id for hit in ranked)) for name, ranked in rankings.items()}


def retrieval_metrics(outcomes: Sequence[Outcome], known: frozenset[str], ranker: str = "askpress") -> dict[str, float]:
    """Return nDCG@10, hit@1, recall@5, recall@20 and MRR over the questions with a relevant article in ``known``."""
    measures = {"ndcg@10": nDCG @ 10, "hit@1": Success @ 1, "recall@5": R @ 5, "recall@20": R @ 20, "mrr": RR}
    judged = [outcome for outcome in outcomes if outcome.query.answerable and outcome.query.relevant & known]
    if not judged:
        return {}
    qrels = [Qrel(o.query.id, article, 1) for o in judged for article in o.query.relevant & known]
    scored = [ScoredDoc(o.query.id, article, -rank) for o in judged for rank, article in enumerate(o.rankings[ranker])]
    values = calc_aggregate(list(measures.values()), qrels, scored)
    return {name: float(values[measure]) for name, measure in measures.items()}


def citation_metrics(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the share of answerable questions whose quotes contain a gold answer, and the quotes' mean length."""
    judged = [outcome for outcome in outcomes if outcome.query.answerable]
    lengths = [sum(len(citation.quote) for citation in outcome.answer.citations) for outcome in judged]
    return {
        "citation_hit": _mean([float(outcome.cites_answer) for outcome in judged]),
        "quoted_characters": _mean([float(length) for length in lengths]),
    }


def answer_metrics(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return how well the generator writes.

    Of the answerable questions: F1 and recall of the answer's tokens against the gold answers (``rag/overlap.py``), and
    the share ``declined`` by the generator. Of the sentences of all drafts and of all answers: the share that nothing
    supports. Of all questions: the share where the extractive generator stood in, and where the generator ``failed``;
    the seconds that the answer took to write and check.
    """
    judged = [outcome for outcome in outcomes if outcome.query.answerable]
    overlaps = [overlap(o.answer.text if o.answer.claims else "", o.query.answers) for o in judged]
    kept = [claim.support == "unsupported" for o in outcomes for claim in o.answer.claims if not o.fell_back]
    dropped = sum(outcome.answer.dropped for outcome in outcomes)
    seconds = sorted(outcome.answer.timings["generate"] / 1000 for outcome in outcomes)
    return {
        "answer_f1": _mean([f1 for f1, _ in overlaps]),
        "answer_recall": _mean([recall for _, recall in overlaps]),
        "declined": _mean([outcome.answer.status == "no_evidence" for outcome in judged]),
        "unsupported_before": _mean(kept + [True] * dropped),
        "unsupported_after": _mean([claim.support == "unsupported" for o in outcomes for claim in o.answer.claims]),
        "fallbacks": _mean([outcome.fell_back for outcome in outcomes]),
        "failed": _mean([outcome.fell_back and not outcome.answer.dropped for outcome in outcomes]),
        "seconds_p50": _quantile(seconds, 0.5),
        "seconds_p95": _quantile(seconds, 0.95),
    }


def abstention_metrics(outcomes: Sequence[Outcome], threshold: float) -> dict[str, float]:
    """Return the area under the ROC of the probability, and what happens at the threshold.

    ``auroc_near`` and ``auroc_far`` set the answerable questions against the unanswerable ones of one ``miss`` kind.
    ``brier`` is the mean squared error of the probability; ``ece``, the expected calibration error, is how far it lies
    from the share of answerable questions, in the mean over the bins of ``reliability``.
    """
    answerable = [o.answer.answerability for o in outcomes if o.query.answerable]
    kinds: Mapping[str, list[float]] = {
        "": [o.answer.answerability for o in outcomes if not o.query.answerable],
        **{
            f"_{kind}": [o.answer.answerability for o in outcomes if o.query.miss == kind]
            for kind in sorted({o.query.miss for o in outcomes if o.query.miss})
        },
    }
    found = {"declined_answerable": _mean([float(p < threshold) for p in answerable])}
    for kind, unanswerable in kinds.items():
        if unanswerable and answerable:
            found[f"auroc{kind}"] = auroc(answerable, unanswerable)
            found[f"answered_unanswerable{kind}"] = _mean([float(p >= threshold) for p in unanswerable])
    if answerable and kinds[""]:
        found["brier"] = _mean([(o.answer.answerability - o.query.answerable) ** 2 for o in outcomes])
        bins = reliability(outcomes)
        found["ece"] = sum(b.count * abs(b.probability - b.answerable) for b in bins) / len(outcomes)
    return found


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions of similar probability: its mean, the share of them that is answerable, and how many there are."""

    probability: float
    answerable: float
    count: int


def reliability(outcomes: Sequence[Outcome]) -> list[Bin]:
    """Return the questions in BINS of equal width by their probability, empty bins left out."""
    bins: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        bins.setdefault(min(int(outcome.answer.answerability * BINS), BINS - 1), []).append(outcome)
    return [
        Bin(_mean([o.answer.answerability for o in held]), _mean([float(o.query.answerable) for o in held]), len(held))
        for _, held in sorted(bins.items())
    ]


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """Return the probability that a positive scores above a negative, ties counting half (Mann-Whitney)."""
    return float(mannwhitneyu(positives, negatives).statistic) / (len(positives) * len(negatives))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[int(len(ordered) * share)]


def measure(outcomes: Sequence[Outcome], known: frozenset[str], threshold: float) -> dict[str, float]:
    """Return all the metrics of some outcomes by name, hit@1 of the baselines and the latency among them."""
    found = {"questions": float(len(outcomes)), **retrieval_metrics(outcomes, known)}
    for ranker in BASELINES:
        if baseline := retrieval_metrics(outcomes, known, ranker):
            found |= {f"{ranker}_hit@1": baseline["hit@1"], f"{ranker}_ndcg@10": baseline["ndcg@10"]}
    latencies = sorted(outcome.answer.timings["total"] for outcome in outcomes)
    found |= citation_metrics(outcomes) | answer_metrics(outcomes) | abstention_metrics(outcomes, threshold)
    found |= {"ms_p50": _quantile(latencies, 0.5), "ms_p95": _quantile(latencies, 0.95)}
    return {name: round(value, 4) for name, value in found.items()}
