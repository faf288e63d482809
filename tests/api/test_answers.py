import json

import pytest

from api.answers import KeptAnswers
from rag.answers import Answer
from rag.errors import RequestError
from rag.feedback import FeedbackBook

QUESTION = "Combien de délégués à Nanning ?"


def test_an_answer_can_be_had_again_in_each_form_with_its_citations(client):
    answer = client.post("/v1/ask", json={"query": QUESTION}).json()
    address = f"/v1/answers/{answer['id']}"
    assert client.get(address).json() == answer
    for form, media_type in (("markdown", "text/markdown"), ("html", "text/html")):
        response = client.get(address, params={"format": form})
        assert response.headers["content-type"].startswith(media_type)
        assert response.headers["content-disposition"].startswith("attachment")
        assert "300 délégués" in response.text
        assert "https://baoquocte.vn/nanning" in response.text
    assert client.get(address, params={"format": "pdf"}).status_code == 422


def test_feedback_is_kept_with_the_answer_and_the_last_word_counts(client):
    answer = client.post("/v1/ask", json={"query": QUESTION}).json()
    for rating in ("up", "down"):
        body = {"answer_id": answer["id"], "rating": rating, "reason": "wrong year"}
        assert client.post("/v1/feedback", json=body).json() == {"answer_id": answer["id"], "rating": rating}
    (kept,) = FeedbackBook(client.app.state.parts.settings.data_dir).read()
    assert (kept.rating, kept.reason, kept.collection, kept.answer) == ("down", "wrong year", "press", answer)
    assert json.dumps(kept.answer)


def test_an_unknown_answer_is_not_found(client):
    assert client.get("/v1/answers/none").json()["type"] == "/problems/answer_not_found"
    assert client.post("/v1/feedback", json={"answer_id": "none", "rating": "up"}).status_code == 404


def test_answers_are_forgotten_after_a_while_and_when_there_are_too_many():
    now = 0.0
    kept = KeptAnswers(2, 60, clock=lambda: now)
    answer = Answer("q", "en", "no_evidence", 0.1, "no")
    first, second, third = (kept.keep("press", answer).id for _ in range(3))
    with pytest.raises(RequestError):
        kept.find(first)
    assert kept.find(second)[0] == "press"
    now = 61.0
    with pytest.raises(RequestError, match="1 minutes"):
        kept.find(third)
