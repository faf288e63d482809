"""The encoder on the path of a question: onnxruntime, and nothing that takes seconds to import or to load."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rag.encoders.batches import Batches
from rag.encoders.bias import Bias
from rag.encoders.cores import Cores, usable
from rag.encoders.manifest import Described, read
from rag.encoders.reader import Reader, rows
from rag.encoders.sessions import Sessions, run_session
from rag.encoders.unigram import RULES, UnigramTokenizer
from rag.errors import EncoderError
from rag.protocols import silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from rag.protocols import Progress
    from rag.types import Asked, Window

    Run = Callable[[list[str] | None, dict[str, NDArray[np.int64]]], Any]

BATCH_TOKENS = 512
"""Of one of the batches that are encoded side by side, padding included. Its states fit a core's cache."""

REMEMBERED = 256
"""Questions whose vectors are kept, with those of their tokens some 40 kB each."""

TOGETHER = 8
"""Questions in one run, where so many ask at one time: they take .77 of the time that they take one by one."""

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
BIAS = "bias.npz"
READER = "reader.onnx"


class OnnxEncoder(Described):
    """Runs an encoder that ``rag.encoders.preparation`` prepared. Safe to use from several threads.

    Raises EncoderError at construction where the folder is not whole, and at first use where a file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        super().__init__(read(folder))
        self._bias = Bias.load(folder / BIAS)
        self._lock = threading.Lock()
        self._tokenizer: Any = None
        self._cores = Cores()
        self._opened_reader: Reader | None = None
        self._remembered = lru_cache(REMEMBERED)(self._encode_query)
        self._query_tokenizer = UnigramTokenizer(folder) if (folder / RULES).is_file() else None
        self._sessions = Sessions(folder / MODEL, self._cores)
        self._questions: Batches[list[int], tuple[NDArray[np.float32], NDArray[np.float32]]] = Batches(
            lambda ids: run_together(self._sessions.run, ids, self._manifest.pad_id),
            most=TOGETHER,
            side_by_side=len(usable()),
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        encodings = self._slow_tokenizer().encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def encode_queries(self, texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
        """A question asked again, as follow-ups and reloads do, is not encoded again."""
        if len(texts) == len(languages) == 1:
            return self._remembered(texts[0], languages[0])[0].copy()
        return self._bias.remove(self._run(self._query_ids(texts), silent), "query", languages)

    def encode_query_tokens(self, text: str, language: str) -> NDArray[np.float32]:
        states = self._remembered(text, language)[1]
        return self._bias.remove(states, "token", [language] * len(states))

    def _encode_query(self, text: str, language: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vector of a question, of shape (1, dimension), and its tokens' states, all from one run."""
        if self._manifest.reader:
            self._reader()  # it is likely to be wanted as soon as passages are found
        vector, states = self._questions(self._query_ids([text])[0])
        return self._bias.remove(vector, "query", [language]), states

    def _query_ids(self, texts: Sequence[str]) -> list[list[int]]:
        prompted = [self._manifest.query_prompt + text for text in texts]
        fast = self._query_tokenizer
        ids = [None if fast is None else fast.encode(text, self.max_tokens) for text in prompted]
        if None in ids:
            return tokenise(self._slow_tokenizer(), prompted, self.max_tokens)
        return [row for row in ids if row is not None]

    def encode_passages(
        self, texts: Sequence[str], languages: Sequence[str], progress: Progress = silent
    ) -> NDArray[np.float32]:
        prompted = [self._manifest.passage_prompt + text for text in texts]
        ids = tokenise(self._slow_tokenizer(), prompted, self.max_tokens)
        return self._bias.remove(self._run(ids, progress), "passage", languages)

    def read(self, kind: Asked, asked: str, windows: Sequence[Window]) -> NDArray[np.float32]:
        import numpy as np

        if not self._manifest.reader:
            return np.zeros(0, np.float32)
        prompt = self._manifest.query_prompt if kind == "question" else self._manifest.passage_prompt
        return self._reader().read(kind, rows(kind, asked, windows, prompt, self._bare_ids))

    def _reader(self) -> Reader:
        with self._lock:
            self._opened_reader = self._opened_reader or Reader(Sessions(self._folder / READER, self._cores))
            return self._opened_reader

    def _bare_ids(self, text: str) -> list[int]:
        """Return token ids without special tokens."""
        fast = self._query_tokenizer
        ids = None if fast is None else fast.encode(text, self.max_tokens)
        if ids is None:
            return list(self._slow_tokenizer().encode(text, add_special_tokens=False).ids)
        return ids[1:-1]

    def _run(self, ids: Sequence[list[int]], progress: Progress) -> NDArray[np.float32]:
        return run(
            self._sessions.single(), ids, pad_id=self._manifest.pad_id, dimension=self.dimension, progress=progress
        )

    def _slow_tokenizer(self) -> Any:
        with self._lock:
            self._tokenizer = self._tokenizer or load_tokenizer(self._folder / TOKENIZER)
            return self._tokenizer


def load_tokenizer(path: Path) -> Any:
    """Return a ``tokenizers.Tokenizer``. Raises EncoderError."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises Exception itself
        raise EncoderError("encoder_damaged", path=path, folder=path.parent, reason=error) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def run(
    session: Any, ids: Sequence[list[int]], *, pad_id: int, dimension: int, progress: Progress = silent
) -> NDArray[np.float32]:
    """Return the vectors of texts given as token ids, float32 of shape (texts, dimension). Raises EncoderError."""
    import numpy as np

    vectors = np.zeros((len(ids), dimension), np.float32)
    total, done = sum(map(len, ids)), 0
    batches = list(by_length([len(row) for row in ids], BATCH_TOKENS))

    def encoded(rows: list[int]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = run_session(session, ["vector"], padded([ids[row] for row in rows], pad_id))[0]
        return found

    pool = ThreadPoolExecutor(len(usable()))
    try:
        made = pool.map(encoded, batches)
        for rows, vectors[rows] in zip(batches, made, strict=True):
            done += sum(len(ids[row]) for row in rows)
            progress("embed", done / total)
    finally:
        pool.shutdown(cancel_futures=True)
    return vectors


def padded(ids: Sequence[list[int]], pad_id: int) -> dict[str, NDArray[np.int64]]:
    """Return token ids as the inputs of a graph, int64 of shape (texts, tokens)."""
    import numpy as np

    shape = (len(ids), max(map(len, ids)))
    inputs, mask = np.full(shape, pad_id, np.int64), np.zeros(shape, np.int64)
    for place, row in enumerate(ids):
        inputs[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return {"input_ids": inputs, "attention_mask": mask}


def run_together(
    run: Run, ids: Sequence[list[int]], pad_id: int
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return the vector of each text, float32 of shape (1, dimension), and its tokens' states, of (tokens, dimension).

    There are none where the graph does not tell them. ``run`` runs it. Raises EncoderError.
    """
    vectors, *states = run(None, padded(ids, pad_id))
    tokens = states[0] if states else vectors[:, None][:, :0]
    return [(vectors[n : n + 1].copy(), tokens[n, : len(row)].copy()) for n, row in enumerate(ids)]


def tokenise(tokenizer: Any, texts: list[str], max_tokens: int) -> list[list[int]]:
    """Return token ids with the special tokens, cut to what the model reads.

    Truncation is not set in the tokenizer, which also counts the tokens of whole texts, maybe in another thread.
    """
    room = max_tokens - tokenizer.num_special_tokens_to_add(False)
    ids = []
    for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
        encoding.truncate(room)
        ids.append(tokenizer.post_process(encoding).ids)
    return ids


def by_length(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Yield positions in groups of similar length, each within so many tokens after padding, the longest texts first.

    Memory is thus at its highest at once, rather than at the end of an hour.
    """
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > most:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch
