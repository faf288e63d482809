"""Runs what several threads ask for at one time in one go, without making any of them wait for more to come."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class _Asked(Generic[T, R]):
    item: T
    answer: Future[R] = field(default_factory=Future)
    taken: bool = False


class Batches(Generic[T, R]):
    """Calls ``run`` with the items of callers, ``most`` at once, in at most ``side_by_side`` calls at a time.

    A caller who finds a call free makes it at once, with the items of those who wait; who comes while none is free is
    taken along by the next. So items share a call where there are more callers than cores, and there alone.
    """

    def __init__(self, run: Callable[[Sequence[T]], Sequence[R]], *, most: int, side_by_side: int) -> None:
        self._run = run
        self._most = most
        self._free = side_by_side
        self._waiting: deque[_Asked[T, R]] = deque()
        self._changed = threading.Condition()

    def __call__(self, item: T) -> R:
        """Return what ``run`` makes of an item, or raise what it raises."""
        mine = _Asked[T, R](item)
        with self._changed:
            self._waiting.append(mine)
            self._changed.wait_for(lambda: mine.taken or self._free)
            batch = [] if mine.taken else self._taken_with(mine)
        if batch:
            self._answer(batch)
        return mine.answer.result()

    def _taken_with(self, mine: _Asked[T, R]) -> list[_Asked[T, R]]:
        self._free -= 1
        self._waiting.remove(mine)
        batch = [mine, *(self._waiting.popleft() for _ in range(min(len(self._waiting), self._most - 1)))]
        for asked in batch:
            asked.taken = True
        return batch

    def _answer(self, batch: list[_Asked[T, R]]) -> None:
        try:
            for asked, answer in zip(batch, self._run([asked.item for asked in batch]), strict=True):
                asked.answer.set_result(answer)
        except BaseException as error:
            for asked in batch:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
            raise
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
