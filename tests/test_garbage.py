from __future__ import annotations

import gc

import pytest

from rag.garbage import MADE, settle


@pytest.fixture
def restored():
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("restored")
def test_what_is_there_is_left_alone_and_new_garbage_is_found():
    class Held:
        pass

    settle()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] == MADE
    one, two = Held(), Held()
    one.other, two.other = two, one
    del one, two
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, Held)]
