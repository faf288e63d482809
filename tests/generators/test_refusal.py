from datetime import UTC, datetime

import pytest

from rag.generators.refusal import SHOWN, eased, error_text, retry_after, shown

NOW = datetime(2025, 12, 7, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("Sun, 07 Dec 2025 12:01:30 GMT", 90.0),
        ("Sun, 07 Dec 2025 11:00:00 GMT", 0.0),
        ("Sun, 07 Dec 2025 12:01:30 -0000", None),
        ("-7", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header, seconds):
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error": {"message": "Overloaded", "type": "overloaded_error"}}', "Overloaded"),
        (b'{"error": "model not found"}', "model not found"),
        (b'{"object": "error", "message": "No."}', "No."),
        (b'{"error": {"code": 3}}', '{"error": {"code": 3}}'),
        (b'{"detail": [1]}', '{"detail": [1]}'),
        (b"<html>", "<html>"),
        (b"\xff", "�"),
        (b"[" * 10_000, "[" * 10_000),
    ],
)
def test_an_error_is_read_in_the_forms_that_servers_use(body, text):
    assert error_text(body) == text


def test_what_is_shown_is_short_on_one_line_and_without_the_key():
    assert shown("a\r\nb\x1b[31m\u202ec\u200b d. ", None) == "a b [31m c d"
    assert shown(f"{'x' * (SHOWN - 3)}canary", "canary") == "x" * (SHOWN - 3) + "***"
    assert shown("can\x00ary canary", "canary") == "can ary ***"


@pytest.mark.parametrize(
    ("status", "text", "body"),
    [
        ("400", "'temperature' does not support 0", {"max_tokens": 9}),
        ("400", "use 'max_completion_tokens'", {"temperature": 0, "max_completion_tokens": 9}),
        ("400", "the prompt is too long", {"temperature": 0, "max_tokens": 9}),
        ("500", "temperature", {"temperature": 0, "max_tokens": 9}),
    ],
)
def test_only_what_was_refused_is_changed(status, text, body):
    assert eased({"temperature": 0, "max_tokens": 9}, {"status": status, "text": text}) == body
