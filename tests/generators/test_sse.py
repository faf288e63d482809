import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.generators.sse import EventReader


def events(*chunks, **options):
    reader = EventReader(**options)
    return [data for chunk in chunks for data in reader.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("data: one\n\ndata: two\n\n", ["one", "two"]),
        ("data: one\r\n\r\ndata: two\r\n\r\n", ["one", "two"]),
        ("data: one\r\rdata: two\r\r", ["one", "two"]),
        ("data:one\n\n", ["one"]),
        ("data:  one\n\n", [" one"]),
        ("data: YHOO\ndata: +2\ndata: 10\n\n", ["YHOO\n+2\n10"]),  # the examples of the standard
        (": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third\n\n",
         ["first event", "second event", " third"]),
        ("data\n\ndata\ndata\n\ndata:", ["", "\n"]),
        ("event: ping\n\n", []),
        ("data: one\nretry: 10\nunknown: x\nDATA: no\n: comment\n\n", ["one"]),
        ("\ufeffdata: one\n\n\ufeffdata: two\n\n", ["one"]),
        ("data: a\u2028b\x0bc\x85d\n\n", ["a\u2028b\x0bc\x85d"]),
        ("data: never ended\n", []),
        ("data: tiếng Việt 中文 🙂\n\n", ["tiếng Việt 中文 🙂"]),
    ],
)  # fmt: skip
def test_a_stream_is_read_to_the_letter_whole_and_a_byte_at_a_time(stream, expected):
    raw = stream.encode()
    assert events(raw) == expected
    assert events(*(bytes([byte]) for byte in raw)) == expected


@given(st.text(alphabet="da:t \r\n中\ufeff", max_size=60), st.lists(st.integers(0, 120)))
def test_where_a_stream_is_cut_does_not_matter(stream, cuts):
    raw = stream.encode()
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    chunks = [raw[start:stop] for start, stop in itertools.pairwise(places)]
    assert events(*chunks) == events(raw)


def test_an_event_that_ends_in_a_carriage_return_is_not_held_back():
    assert events(b"data: one\r\r") == ["one"]


def test_bytes_that_are_no_utf8_are_replaced():
    assert events(b"data: \xc3\n\n") == ["�"]


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 100, b"data: x\n" * 20, b": " + b"x" * 100])
def test_an_event_without_end_is_refused(stream):
    with pytest.raises(ValueError, match="more than 50 bytes"):
        events(*(bytes([byte]) for byte in stream), most_bytes=50)


def test_the_bound_is_for_one_event():
    assert events(b"data: x\n\n" * 50, most_bytes=50) == ["x"] * 50
