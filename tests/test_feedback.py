import pytest

from rag.errors import StoreError
from rag.feedback import Feedback, FeedbackBook


def test_the_last_rating_of_an_answer_is_kept_oldest_first(tmp_path):
    book = FeedbackBook(tmp_path / "data")
    assert book.read() == []
    first = Feedback("a", "2026-01-01T10:00:00+00:00", "press", "up", None, {"text": "Đại biểu", "id": "a"})
    second = Feedback("b", "2026-01-01T11:00:00+00:00", "press", "down", "wrong; 'quoted'", {"text": ""})
    changed = Feedback("a", "2026-01-01T12:00:00+00:00", "press", "down", "x", first.answer)
    for feedback in (first, second, changed):
        book.write(feedback)
    assert FeedbackBook(tmp_path / "data").read() == [second, changed]


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "feedback.sqlite").write_bytes(b"no database at all, but long enough to look at" * 100)
    with pytest.raises(StoreError, match=r"feedback\.sqlite"):
        FeedbackBook(tmp_path).read()
