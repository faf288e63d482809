import asyncio
import threading

import pytest

from rag.generators.background import written_by


async def _hello(write):
    for piece in ("Hel", "lo"):
        write(piece)
        await asyncio.sleep(0)


async def _fails(write):
    write("Hel")
    raise ZeroDivisionError


def test_pieces_come_in_order():
    assert list(written_by(_hello)) == ["Hel", "lo"]


def test_an_exception_comes_after_the_pieces_before_it():
    pieces = written_by(_fails)
    assert next(pieces) == "Hel"
    with pytest.raises(ZeroDivisionError):
        next(pieces)


@pytest.mark.parametrize("wait", [True, False])
def test_leaving_cancels_and_no_thread_stays(wait):
    cancelled = threading.Event()

    async def waits(write):
        write("Hel")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    pieces, before = written_by(waits), threading.active_count()
    assert next(pieces) == "Hel"
    assert not wait or next(pieces) == ""
    assert threading.active_count() == before + 1
    pieces.close()
    assert cancelled.is_set()
    assert threading.active_count() == before


def test_leaving_after_the_end_is_no_error():
    pieces = written_by(_hello)
    next(pieces)
    for thread in threading.enumerate():
        if thread.name == "askpress-generator":  # it may have ended already
            thread.join(5)
    pieces.close()


def test_nothing_starts_before_the_first_piece_is_asked_for():
    before = threading.active_count()
    written_by(_hello).close()
    assert threading.active_count() == before
