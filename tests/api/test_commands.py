import json

import pytest
from click.testing import CliRunner

from rag.cli import rag_group
from rag.errors import ServerError, UsageError
from rag.feedback import Feedback, FeedbackBook
from rag.settings import load
from rag.tokens import Tokens


def run(*words):
    return CliRunner().invoke(rag_group, words, catch_exceptions=False)


def test_tokens_are_made_listed_and_removed():
    made = run("token", "create", "press", "--role", "write")
    assert Tokens(load().data_dir).holder(made.stdout.strip()).role == "write"
    assert "once" in made.stderr
    assert run("token", "list").stdout.split("\t")[:2] == ["press", "write"]
    run("token", "remove", "press")
    assert run("token", "list").stdout == ""
    with pytest.raises(UsageError):
        run("token", "remove", "press")


def test_feedback_is_one_json_object_a_line():
    assert run("feedback").stdout == ""
    feedback = Feedback("a", "2026-01-01T10:00:00+00:00", "press", "up", "đúng", {"id": "a", "text": "x"})
    FeedbackBook(load().data_dir).write(feedback)
    (line,) = run("feedback").stdout.splitlines()
    assert json.loads(line)["reason"] == "đúng"
    assert json.loads(line)["answer"] == {"id": "a", "text": "x"}


def test_an_open_address_is_refused_before_anything_is_opened():
    with pytest.raises(ServerError, match="rag token create"):
        run("serve", "--host", "0.0.0.0", "--port", "0")
    assert not load().data_dir.exists()
