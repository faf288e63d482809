import threading

import numpy as np
import pytest

from rag.encoders import sessions as module
from rag.encoders.cores import Cores
from rag.encoders.onnx import MODEL, READER
from rag.encoders.sessions import FEW, Sessions, open_session, run_session
from rag.encoders.source import resolve
from rag.errors import EncoderError


@pytest.fixture(scope="module")
def folder(encoder, cache_dir):
    assert encoder.dimension
    return resolve("bundled").prepared_in(cache_dir, "onnx")


def question(length):
    ids = np.random.default_rng(length).integers(1000, 30_000, (1, length))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def window(length):
    words = np.random.default_rng(length).normal(0, 0.1, (1, length, 384)).astype(np.float32)
    return {"words": words, "attention_mask": np.ones((1, length), np.int64)}


@pytest.mark.parametrize(("name", "made"), [(MODEL, question), (READER, window)])
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_that_share_a_run_change_nothing(folder, name, made, threads):
    cores = Cores()
    single = open_session(folder / name)
    several = open_session(folder / name, [cores.shares[0]] * threads, pinned=cores.pinned)
    for length in (4, 17, 110):
        expected, found = (session.run(None, made(length)) for session in (single, several))
        for one, other in zip(expected, found, strict=True):
            assert np.array_equal(one, other)


def several_of(sessions, many):
    """Run until several threads are open for who is alone, and return them; None where there is one core."""
    for _ in range(many):
        sessions.run(None, question(4))
    return sessions._several and sessions._several.result()


def test_one_question_opens_one_thread_and_more_open_several(folder):
    sessions = Sessions(folder / MODEL, Cores())
    assert several_of(sessions, FEW) is None
    assert (several_of(sessions, 1) is None) == (len(sessions._cores.shares) == 1)


def test_who_is_alone_has_several_threads_and_others_have_one(folder, monkeypatch):
    cores = Cores()
    sessions = Sessions(folder / MODEL, cores)
    ran, single, several = [], sessions.single(), several_of(sessions, FEW + 1)
    monkeypatch.setattr(
        module, "run_session", lambda session, *given: ran.append(session) or run_session(session, *given)
    )
    entered, left = threading.Event(), threading.Event()

    def compute():
        with cores.taken():
            entered.set()
            left.wait()

    alone = sessions.run(None, question(9))
    other = threading.Thread(target=compute)
    other.start()
    entered.wait()
    beside = sessions.run(None, question(9))
    left.set()
    other.join()
    assert ran == [several or single, single]
    assert all(np.array_equal(one, two) for one, two in zip(alone, beside, strict=True))


def test_several_inputs_are_run_side_by_side_by_who_is_alone_and_else_in_turn(folder, monkeypatch):
    cores = Cores()
    sessions = Sessions(folder / READER, cores)
    made = [window(length) for length in (9, 110, 30)]
    expected = [sessions.run(["odds"], one)[0] for one in made]
    shared = []
    monkeypatch.setattr(
        cores, "side_by_side", lambda work, items: shared.append(len(items)) or Cores.side_by_side(cores, work, items)
    )
    found = sessions.run_each(["odds"], made)
    assert shared == [3]
    with cores.taken():
        other = []
        thread = threading.Thread(target=lambda: other.extend(sessions.run_each(["odds"], made)))
        thread.start()
        thread.join()
    assert shared == [3]
    assert sessions.run_each(["odds"], made[:1])[0][0].tolist() == expected[0].tolist()
    assert shared == [3]
    for one, two, three in zip(expected, found, other, strict=True):
        assert one.tolist() == two[0].tolist() == three[0].tolist()


def test_a_damaged_graph_is_told_at_first_use(tmp_path):
    (tmp_path / "graph.onnx").write_bytes(b"not a graph")
    sessions = Sessions(tmp_path / "graph.onnx", Cores())
    with pytest.raises(EncoderError, match=r"graph\.onnx"):
        sessions.run(None, question(4))
    with pytest.raises(EncoderError, match=r"graph\.onnx"):
        sessions.single()


@pytest.mark.parametrize(("name", "made"), [(MODEL, question), (READER, window)])
def test_what_a_graph_cannot_run_is_told(folder, name, made):
    sessions = Sessions(folder / name, Cores())
    with pytest.raises(EncoderError):
        sessions.run(None, made(4) | {"attention_mask": np.ones((1, 9), np.float32)})
