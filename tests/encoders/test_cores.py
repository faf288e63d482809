import os
import threading

import pytest

from rag.encoders import cores
from rag.encoders.cores import Cores, usable


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [100.0]
    monkeypatch.setattr(cores.time, "monotonic", lambda: now[0])
    return now


def beside(work):
    """Run something in a thread of its own and return what it returns."""
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def taken(each):
    with each.taken() as alone:
        return alone


@pytest.mark.usefixtures("clock")
def test_a_thread_is_alone_however_often_it_computes():
    each = Cores()
    assert [taken(each) for _ in range(3)] == [True] * 3


def test_nobody_is_alone_while_another_computes(clock):
    each = Cores()
    with each.taken() as first:
        assert first
        clock[0] += 60.0  # however long it takes
        assert not beside(lambda: taken(each))


def test_one_is_alone_again_once_the_others_have_been_quiet(clock):
    each = Cores()
    assert beside(lambda: taken(each))
    clock[0] += 0.5 * cores.QUIET
    assert not taken(each)
    clock[0] += cores.QUIET
    assert taken(each)


def test_what_fails_counts_no_longer(clock):
    each = Cores()
    with pytest.raises(ZeroDivisionError), each.taken():
        1 / 0  # noqa: B018 - it is to fail
    clock[0] += 2 * cores.QUIET
    assert beside(lambda: taken(each))


@pytest.mark.parametrize(
    ("available", "shares"),
    [
        ([3], [{3}]),
        ([0, 1], [{0}, {1}]),
        ([2, 5, 6], [{2}, {5}, {6}]),
        (list(range(8)), [{0, 4}, {1, 5}, {2, 6}, {3, 7}]),
        (list(range(10)), [{0, 4, 8}, {1, 5, 9}, {2, 6}, {3, 7}]),
    ],
)
def test_each_thread_has_cores_of_its_own(monkeypatch, available, shares):
    monkeypatch.setattr(cores, "usable", lambda: available)
    assert Cores().shares == shares


@pytest.mark.skipif(len(usable()) < 2, reason="one core: nothing to share out")
def test_a_thread_stays_on_its_share_as_long_as_it_computes():
    each, before = Cores(), os.sched_getaffinity(0)
    assert each.pinned
    with each.on(each.shares[1]):
        assert os.sched_getaffinity(0) == each.shares[1] < before
    assert os.sched_getaffinity(0) == before
    with pytest.raises(ZeroDivisionError), each.on(each.shares[0]):
        1 / 0  # noqa: B018 - it is to fail
    assert os.sched_getaffinity(0) == before


@pytest.mark.skipif(len(usable()) < 2, reason="one core: nothing is side by side")
def test_side_by_side_each_works_on_a_share_of_its_own():
    each = Cores()
    many = len(each.shares)
    all_at_work, before = threading.Barrier(many), os.sched_getaffinity(0)

    def work(item):
        all_at_work.wait(timeout=60)
        return item, frozenset(os.sched_getaffinity(0)), threading.get_ident()

    found = each.side_by_side(work, range(2 * many))
    assert [item for item, _, _ in found] == list(range(2 * many))
    for group in (found[:many], found[many:]):
        assert [share for _, share, _ in group] == each.shares
        assert len({thread for _, _, thread in group}) == many
        assert group[0][2] == threading.get_ident()
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("failing", [0, 1])
def test_what_fails_of_things_side_by_side_is_told_once_all_have_ended(failing):
    each, ended = Cores(), []

    def work(item):
        if item == failing:
            raise ZeroDivisionError
        ended.append(item)

    with pytest.raises(ZeroDivisionError):
        each.side_by_side(work, [0, 1])
    assert ended == [1 - failing] or len(each.shares) == 1


def test_a_thread_that_may_run_elsewhere_only_is_left_there():
    each, before = Cores(), os.sched_getaffinity(0)
    each.shares = [{max(before) + 1}]
    with each.on(each.shares[0]):
        assert os.sched_getaffinity(0) == before


def test_threads_stay_unpinned_where_a_sandbox_forbids_it(monkeypatch):
    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", forbidden)
    each = Cores()
    assert not each.pinned
    with each.on(each.shares[0]):
        assert taken(each)


def test_without_a_call_for_it_all_cores_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable() == [0, 1, 2]
    assert not Cores().pinned
