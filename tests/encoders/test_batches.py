import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.encoders.batches import Batches


class Doubler:
    """Doubles numbers when it is let, and knows which came together."""

    def __init__(self):
        self.batches = []
        self.begun = threading.Semaphore(0)
        self.let = threading.Event()

    def __call__(self, numbers):
        self.batches.append(list(numbers))
        self.begun.release()
        assert self.let.wait(10)
        if -1 in numbers:
            raise ValueError("no such number")
        return [2 * number for number in numbers]


@pytest.fixture
def pool():
    with ThreadPoolExecutor(16) as pool:
        yield pool


def waiting(batches, count):
    while len(batches._waiting) < count:
        time.sleep(0.001)


def test_who_comes_alone_is_answered_at_once():
    doubler = Doubler()
    doubler.let.set()
    batches = Batches(doubler, most=8, side_by_side=2)
    assert [batches(number) for number in range(3)] == [0, 2, 4]
    assert doubler.batches == [[0], [1], [2]]


def test_who_comes_while_all_calls_are_made_shares_the_next(pool):
    doubler = Doubler()
    batches = Batches(doubler, most=4, side_by_side=2)
    first = []
    for number in (0, 1):
        first.append(pool.submit(batches, number))
        assert doubler.begun.acquire(timeout=10)
    later = [pool.submit(batches, number) for number in range(2, 9)]
    waiting(batches, 7)
    assert doubler.batches == [[0], [1]]
    doubler.let.set()
    assert [future.result(10) for future in first + later] == [2 * number for number in range(9)]
    assert sorted(number for batch in doubler.batches for number in batch) == list(range(9))
    assert max(map(len, doubler.batches)) == 4
    assert len(doubler.batches) <= 5


def test_all_who_share_a_call_hear_that_it_failed_and_the_next_are_answered(pool):
    doubler = Doubler()
    batches = Batches(doubler, most=8, side_by_side=1)
    first = pool.submit(batches, 1)
    assert doubler.begun.acquire(timeout=10)
    later = [pool.submit(batches, number) for number in (-1, 5)]
    waiting(batches, 2)
    doubler.let.set()
    assert first.result(10) == 2
    for future in later:
        with pytest.raises(ValueError, match="no such number"):
            future.result(10)
    assert batches(7) == 14


def test_many_threads_get_their_own_answers(pool):
    batches = Batches(lambda numbers: [2 * number for number in numbers], most=3, side_by_side=2)
    assert list(pool.map(batches, range(2000))) == [2 * number for number in range(2000)]
