"""Sessions of onnxruntime: opened beside what their caller does, run on the cores that are free, errors translated."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from rag.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rag.encoders.cores import Cores

FEW = 6
"""Runs before several threads are worth opening: more than one question takes.

onnxruntime's threads spin while a session is opened, and so take a core from a process that has just started.
"""


def open_session(path: Path, shares: Sequence[set[int]] = (), *, pinned: bool = False) -> Any:
    """Return an ``onnxruntime.InferenceSession`` on the CPU, of one thread or of one for each share of its cores.

    The caller's thread is the first of them, ``pinned`` holds the others to their shares. Raises EncoderError.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = max(len(shares), 1)
    options.add_session_config_entry("session.force_spinning_stop", "1")  # no core is kept busy between two runs
    if pinned:
        # The first core is number 1 to onnxruntime.
        counted = (",".join(str(core + 1) for core in sorted(share)) for share in shares[1:])
        options.add_session_config_entry("session.intra_op_thread_affinities", ";".join(counted))
    try:
        return onnxruntime.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # takes five times as long as the two that it replaces
        )
    except Exception as error:  # the library's exceptions share no other base
        raise EncoderError("encoder_damaged", path=path, folder=path.parent, reason=error) from error


def run_session(session: Any, outputs: list[str] | None, inputs: Mapping[str, NDArray[Any]]) -> Any:
    """Return the outputs of a graph, all of them or those named. Raises EncoderError."""
    try:
        return session.run(outputs, inputs)
    except Exception as error:  # the library's exceptions share no other base
        raise EncoderError("encoder_failed", count=len(inputs["attention_mask"]), reason=error) from error


class Sessions:
    """Two sessions of one graph: several threads for who is alone, one thread each for those side by side.

    Threads that share a run wait for each other, so side by side they would do less. The results are the same. The
    session of one thread is opened at once, the other once it is worth it, each in a thread of its own. Raises
    EncoderError at first use where the file is damaged.
    """

    def __init__(self, path: Path, cores: Cores) -> None:
        self._path = path
        self._cores = cores
        self._lock = threading.Lock()
        self._runs = 0
        self._single = _opened_beside(path)
        self._several: Future[Any] | None = None

    def run(self, outputs: list[str] | None, inputs: Mapping[str, NDArray[Any]]) -> Any:
        """As ``run_session``, with the cores that are free."""
        with self._cores.taken() as alone:
            several = self._opened_several() if alone else None
            if several is None:
                return run_session(self.single(), outputs, inputs)
            with self._cores.on(self._cores.shares[0]):
                return run_session(several, outputs, inputs)

    def run_each(self, outputs: list[str] | None, inputs: Sequence[Mapping[str, NDArray[Any]]]) -> list[Any]:
        """As ``run`` for each of several inputs, side by side on the cores that are free.

        Two runs of one thread each do more than two of two threads, one after the other: nobody waits for another.
        """
        if len(inputs) == 1:
            return [self.run(outputs, inputs[0])]
        with self._cores.taken() as alone:
            each = partial(run_session, self.single(), outputs)
            return self._cores.side_by_side(each, inputs) if alone else [each(one) for one in inputs]

    def single(self) -> Any:
        """Return the session that runs in its caller's thread alone. Raises EncoderError."""
        return self._single.result()

    def _opened_several(self) -> Any:
        """Return the session of several threads; None where it is not open yet, or there is one core."""
        shares, pinned = self._cores.shares, self._cores.pinned
        with self._lock:
            self._runs += 1
            if self._several is None and self._runs > FEW and len(shares) > 1:
                self._several = _opened_beside(self._path, shares, pinned=pinned)
            opening = self._several
        return opening.result() if opening and opening.done() else None


def _opened_beside(path: Path, shares: Sequence[set[int]] = (), *, pinned: bool = False) -> Future[Any]:
    """Open a session in a thread of its own, as it takes a tenth of a second, in which a caller can do more.

    No daemon: a process that ends while onnxruntime is in its hands would be aborted by it.
    """
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(open_session, path, shares, pinned=pinned)
    finally:
        pool.shutdown(wait=False)
