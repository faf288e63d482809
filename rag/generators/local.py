"""A language model on this machine: a GGUF run by llama.cpp, through ``xllamacpp``, in a child process.

A model that crashes, or takes all memory, takes only the child with it. The child is started at the first use, again
when it has died, and never outlives its parent. It listens on loopback, on a port of its own choice, for whoever has
the key that it was given through a pipe.
"""

import json
import secrets
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

from rag.errors import GeneratorError
from rag.generators.background import POLL
from rag.generators.circuit import Circuit
from rag.generators.gguf import ModelFile, model_file
from rag.generators.openai import OpenAIGenerator
from rag.generators.refusal import shown
from rag.generators.upstream import Endpoint, Limits
from rag.protocols import Progress, silent
from rag.settings import Settings
from rag.types import Request

PROGRAM = Path(__file__).with_name("llama.py")
LOAD_SECONDS = 300.0  # a model of tens of gigabytes from a slow disk
LOG_LINES = 8
BUNDLED_PROMPT_TOKENS = 1000
"""The examples and two passages or so. Gemma 3 270M does no better with more, and each takes it half a second."""
GRAMMAR = r"""
root ::= " "? ("NO_ANSWER" | sentence (" "? sentence)?) "\n"
sentence ::= first text{4,320} [.。!！] " "? "[" [1-6] "]"
first ::= [^ .。!?！？\n\[\]]
text ::= [^.。!?！？\n\[\]] | "." [0-9a-z] | " " [A-Z] [rst]? "s"? ". "
"""
"""One or two sentences with a marker each, in GBNF (grammars/README.md of llama.cpp). A small base model, left alone,
forgets the markers, copies on and on, or repeats the question."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a child is to run; ``threads`` 0 for as many as llama.cpp finds right."""

    file: ModelFile
    context: int
    threads: int


class Child:
    """One process that loads a model and serves it. ``close`` ends it."""

    def __init__(self, wanted: Wanted, progress: Progress = silent) -> None:
        self.wanted = wanted
        self.endpoint: Endpoint | None = None
        self._key = secrets.token_hex(16)
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._settled = Event()
        self._error: GeneratorError | None = None
        self._process: subprocess.Popen[str] | None = None
        self._began, self._closed = time.monotonic(), False
        # PR_SET_PDEATHSIG kills a child when the thread that started it ends (prctl(2)): this one stays as long as it.
        self._keeper = Thread(target=self._keep, args=(progress,), name="askpress-llama", daemon=True)
        self._keeper.start()

    @property
    def alive(self) -> bool:
        return self._keeper.is_alive() and (self._process is None or self._process.poll() is None)

    def loaded(self, seconds: float) -> Endpoint | None:
        """Return where it answers, or None where it has not loaded after these seconds. Raises GeneratorError."""
        self._settled.wait(seconds)
        if self._error:
            raise self._error
        if self.endpoint is None and time.monotonic() - self._began > LOAD_SECONDS:
            self.close()
            raise GeneratorError("generator_local_slow", path=self.wanted.file.path, seconds=LOAD_SECONDS)
        return self.endpoint

    def join(self, seconds: float | None = None) -> None:
        """Wait until the process has ended, at most these seconds."""
        self._keeper.join(seconds)

    def close(self) -> None:
        self._closed = True
        if self._process:
            self._process.kill()
        self.join()

    def _keep(self, progress: Progress) -> None:
        try:
            path = self.wanted.file.ready(progress)
            progress("load", 0.0)
            self._run(path)
        except GeneratorError as error:
            self._error = error
        finally:
            self._settled.set()

    def _run(self, path: Path) -> None:
        command = [sys.executable, "-P", str(PROGRAM)]
        pipe = subprocess.PIPE
        with subprocess.Popen(  # noqa: S603 - our own interpreter and program
            command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        ) as process:
            self._process = process
            if self._closed:  # while the file was made ready
                process.kill()
            assert process.stdin
            assert process.stdout
            asked = {
                "path": str(path),
                "key": self._key,
                "context": self.wanted.context,
                "threads": self.wanted.threads,
            }
            with suppress(BrokenPipeError):  # it has died already, and has said why
                process.stdin.write(json.dumps(asked) + "\n")
                process.stdin.flush()
            for line in process.stdout:
                key, _, port = line.partition(" ")
                if key == self._key:
                    self.endpoint = Endpoint(f"http://127.0.0.1:{int(port)}/v1", path.name, "local", self._key)
                    self._settled.set()
                else:
                    self._log.append(line)
            status = process.wait()
            if self.endpoint is None:
                text = shown(" ".join(self._log), self._key) or "-"
                raise GeneratorError("generator_local_died", path=path, status=status, text=text)


class _Keeper:
    """The one child of this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: Child | None = None

    def child(self, wanted: Wanted, progress: Progress) -> Child:
        """Return the child that runs this, started now where there is none, or one that died or runs another model."""
        with self._lock:
            if self._child and self._child.alive and self._child.wanted != wanted:
                self._child.close()
            if not (self._child and self._child.alive and self._child.wanted == wanted):
                self._child = Child(wanted, progress)
            return self._child

    def close(self) -> None:
        with self._lock:
            if self._child:
                self._child.close()


_keeper = _Keeper()
close = _keeper.close


class LocalGenerator(OpenAIGenerator):
    """Prompts the model in the child process; a base model within a grammar."""

    def __init__(self, wanted: Wanted, *, limits: Limits = Limits(), progress: Progress = silent) -> None:  # noqa: B008 - frozen
        self._wanted = wanted
        self._progress = progress
        room = wanted.context - limits.max_tokens
        super().__init__(
            Endpoint("http://127.0.0.1/v1", wanted.file.path.name, "local"),
            name="local",
            style=wanted.file.style,
            prompt_tokens=min(room, BUNDLED_PROMPT_TOKENS) if wanted.file.bundled else room,
            limits=limits,
            before=self._endpoint,
            tokenizes=True,
            grammar=GRAMMAR,
            circuit=Circuit(),
        )

    def generate(self, request: Request) -> Iterator[str]:
        """As every prompted generator; yields empty pieces while the model loads."""
        if request.task == "rewrite" and self.style == "completion":
            return
        child = _keeper.child(self._wanted, self._progress)
        while child.loaded(POLL) is None:
            yield ""
        try:
            yield from super().generate(request)
        except GeneratorError:
            child.join(POLL)  # it may be dying: its connections close a moment before it is gone
            raise

    def _endpoint(self) -> Endpoint:
        child = _keeper.child(self._wanted, self._progress)
        while (endpoint := child.loaded(POLL)) is None:
            pass
        return endpoint


def load(settings: Settings, limits: Limits, progress: Progress = silent) -> LocalGenerator:
    """Return the generator of the model that the settings name, not yet started. Raises GeneratorError."""
    wanted = Wanted(model_file(settings), settings.local_context, settings.local_threads)
    return LocalGenerator(wanted, limits=limits, progress=progress)
