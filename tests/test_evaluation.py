import json
import math
from dataclasses import replace

import pytest

from rag.answers import Answer, Citation, Claim
from rag.errors import QuestionSetError
from rag.evaluation import (
    Outcome,
    Query,
    abstention_metrics,
    answer_metrics,
    auroc,
    citation_metrics,
    folded,
    measure,
    queries,
    reliability,
    retrieval_metrics,
)


def outcome(
    ranking, relevant=("a",), *, answerable=True, miss=None, probability=0.5, quotes=(), answers=("x",), name="q"
):
    query = Query(name, "fr", "?", answers, frozenset(relevant), answerable, miss)
    cited = tuple(Citation("a", "", None, None, None, False, "fr", n, q, 0, len(q)) for n, q in enumerate(quotes, 1))
    answer = Answer("?", "fr", "answered", probability, "", citations=cited, timings={"generate": 2.0, "total": 5.0})
    return Outcome(query, dict.fromkeys(("askpress", "bm25", "dense", "rrf"), ranking), answer, "extractive")


def written(text, *supports, answerable=True, **fields):
    """What a generator called ``model`` wrote of a question whose answer is Nanning, with a claim for each support."""
    asked = outcome((), answerable=answerable, answers=("Nanning",))
    claims = tuple(Claim("", 0, 0, support, ()) for support in supports)
    fields = {"generator": "model", "status": "answered" if claims else "no_evidence"} | fields
    return replace(asked, answer=replace(asked.answer, text=text, claims=claims, **fields), generator="model")


def test_retrieval_metrics_by_hand():
    outcomes = [outcome(("a", "b", "c"), name="1"), outcome(("b", "c", "a"), name="2"), outcome(("b", "c"), name="3")]
    found = retrieval_metrics(outcomes, frozenset("abc"))
    assert found["hit@1"] == pytest.approx(1 / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / math.log2(4) + 0) / 3)
    assert found["recall@5"] == found["recall@20"] == pytest.approx(2 / 3)


def test_several_relevant_articles_share_recall():
    found = retrieval_metrics([outcome(("a", "z", "b"), relevant=("a", "b"))], frozenset("abz"))
    assert found["recall@5"] == 1.0
    ideal = 1 + 1 / math.log2(3)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / math.log2(4)) / ideal)


def test_what_is_not_in_the_corpus_is_not_asked_of_it():
    assert retrieval_metrics([outcome(("b",), relevant=("elsewhere",))], frozenset("b")) == {}
    kept = retrieval_metrics([outcome(("a",), relevant=("a", "elsewhere"))], frozenset("a"))
    assert kept["recall@5"] == 1.0


def test_a_citation_hits_whatever_its_white_space_and_case():
    assert folded("１\u00a0000  Ä") == "1 000 ä"
    outcomes = [
        outcome((), quotes=("Plus de 1\u202f000 entreprises",), answers=("1 000 entreprises",)),
        outcome((), quotes=("Rien",), answers=("1000",)),
        outcome((), quotes=("x",), answerable=False),
    ]
    found = citation_metrics(outcomes)
    assert found["citation_hit"] == 0.5
    assert found["quoted_characters"] == (len("Plus de 1 000 entreprises") + 4) / 2


def test_answers_are_compared_with_the_gold_ones():
    found = answer_metrics(
        [written("À Nanning", "verbatim"), written("Nanning n'est pas dit."), written("x", "verbatim")]
    )
    assert found["answer_f1"] == pytest.approx(2 / 3 / 3)
    assert found["answer_recall"] == found["declined"] == pytest.approx(1 / 3)  # "not said" is no answer
    refused = answer_metrics([written("Nanning", "verbatim", answerable=False), written("", answerable=False)])
    assert (refused["answer_f1"], refused["declined"]) == (0.0, 0.0)


def test_what_nothing_supports_is_told_before_and_after_the_check():
    found = answer_metrics([
        written("", "verbatim", "supported", dropped=2),
        written("", "verbatim", "unsupported"),
        written("", "verbatim", "verbatim", generator="extractive", dropped=3),
    ])  # fmt: skip
    assert found["unsupported_before"] == (2 + 1 + 3) / (4 + 2 + 3)  # what stood in for a draft was not in it
    assert found["unsupported_after"] == 1 / 6
    assert (found["fallbacks"], found["failed"]) == (pytest.approx(1 / 3), 0.0)


def test_a_generator_that_fails_is_told_from_one_that_is_not_supported():
    found = answer_metrics([written("", "verbatim", generator="extractive"), written("", "verbatim")])
    assert (found["fallbacks"], found["failed"], found["unsupported_before"]) == (0.5, 0.5, 0.0)


def test_seconds_are_those_of_the_writing():
    slow = written("", "verbatim", timings={"generate": 4000.0, "total": 9000.0})
    found = answer_metrics([written("", "verbatim"), slow])
    assert (found["seconds_p50"], found["seconds_p95"]) == (4.0, 4.0)
    assert answer_metrics([slow] + [written("", "verbatim")] * 3)["seconds_p50"] == 0.002


def test_the_area_under_the_roc_by_hand():
    assert auroc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert auroc([0.1], [0.9]) == 0.0
    assert auroc([0.5], [0.5]) == 0.5
    assert auroc([0.9, 0.3], [0.5, 0.1]) == 0.75


def test_abstention_is_told_by_the_way_of_missing():
    outcomes = [
        outcome((), probability=0.9),
        outcome((), probability=0.2),
        outcome((), answerable=False, miss="near", probability=0.6),
        outcome((), answerable=False, miss="far", probability=0.1),
    ]
    found = abstention_metrics(outcomes, 0.5)
    assert found["declined_answerable"] == 0.5
    assert (found["answered_unanswerable"], found["answered_unanswerable_near"]) == (0.5, 1.0)
    assert (found["auroc_near"], found["auroc_far"], found["auroc"]) == (0.5, 1.0, 0.75)


def test_calibration_by_hand():
    told = [(0.05, False), (0.15, True), (0.19, False), (1.0, True)]
    outcomes = [outcome((), answerable=answerable, probability=p) for p, answerable in told]
    bins = reliability(outcomes)
    assert [(b.answerable, b.count) for b in bins] == [(0.0, 1), (0.5, 2), (1.0, 1)]
    assert bins[1].probability == pytest.approx(0.17)
    found = abstention_metrics(outcomes, 0.5)
    assert found["brier"] == pytest.approx((0.05**2 + 0.85**2 + 0.19**2) / 4)
    assert found["ece"] == pytest.approx((0.05 + 2 * 0.33) / 4)
    assert "ece" not in abstention_metrics(outcomes[1:2], 0.5)  # with one kind of question only, it says nothing


def test_all_metrics_stand_in_one_row():
    row = measure([outcome(("a",), quotes=("x",))], frozenset("a"), 0.5)
    assert (row["seconds_p50"], row["fallbacks"]) == (0.002, 0)
    assert (row["questions"], row["hit@1"], row["rrf_hit@1"], row["citation_hit"], row["ms_p50"]) == (1, 1, 1, 1, 5)


@pytest.fixture
def question_set(tmp_path):
    def write(*lines):
        (tmp_path / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return tmp_path

    return write


def row(number, language="fr"):
    known = {"id": f"q{number}", "lang": language, "text": "?", "answers": ["x"], "relevant": ["a"], "answerable": True}
    return json.dumps(known)


def test_questions_are_sampled_evenly_and_by_language(question_set):
    folder = question_set(*(row(n, "fr" if n % 2 else "vi") for n in range(100)))
    assert len(queries(folder)) == 100
    assert {query.language for query in queries(folder, language="vi")} == {"vi"}
    sample = [int(query.id[1:]) for query in queries(folder, limit=10)]
    assert sample == list(range(0, 100, 10))


@pytest.mark.parametrize(("where", "kept"), [("good=true", 1), ("lang=fr", 2), ("lang=vi", 0), ("part=null", 2)])
def test_questions_are_chosen_by_a_value(question_set, where, kept):
    folder = question_set(row(1), json.dumps(json.loads(row(2)) | {"good": True}))
    assert len(queries(folder, where=where)) == kept


@pytest.mark.parametrize("bad", ["{", '{"id": "q"}'])
def test_a_bad_line_is_named(question_set, bad):
    with pytest.raises(QuestionSetError, match="line 2"):
        queries(question_set(row(1), bad))


def test_a_folder_that_is_no_question_set_is_named(tmp_path):
    with pytest.raises(QuestionSetError, match=r"queries\.jsonl"):
        queries(tmp_path)


def test_one_question_in_several_languages_shares_its_answers(question_set):
    rows = [json.loads(row(number, language)) for number, language in enumerate(("fr", "en"))]
    folder = question_set(*(json.dumps(known | {"qgroup": "g", "answers": [known["lang"]]}) for known in rows))
    assert [query.answers for query in queries(folder)] == [("fr", "en"), ("fr", "en")]
