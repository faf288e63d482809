"""The ONNX forms of a model, each compared with sentence-transformers on the parallel texts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.encoders import bias
from rag.encoders.export import ExportError, export
from rag.encoders.onnx import padded, run, run_together, tokenise
from rag.encoders.quantisation import to_blocks, to_int8
from rag.encoders.sessions import open_session, run_session
from rag.encoders.transformer import encode, model_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rag.encoders.manifest import Precision
    from rag.protocols import Progress

    Vectors = Mapping[bias.Kind, Mapping[str, NDArray[np.float32]]]

EXPORT_PARITY = 0.9999
"""The least cosine to sentence-transformers at which the fp32 graph counts as the same model."""

PARITY = 0.998
"""The least cosine to sentence-transformers at which a quantised graph is used."""

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Graph:
    """One form of a model; see ``Manifest`` for its properties."""

    path: Path
    precision: Precision
    parity: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    speeds: Mapping[str, float] = field(default_factory=dict)

    @property
    def least(self) -> float:
        return min(least for least, _ in self.parity.values())


@dataclass(frozen=True)
class Graphs:
    """Makes the forms of a ``SentenceTransformer`` in a folder, with the ``tokenizers.Tokenizer`` of it."""

    model: Any
    tokenizer: Any
    folder: Path
    progress: Progress

    def chosen(self) -> Graph:
        """Return the fastest form that keeps the vectors. Raises ExportError."""
        self.progress("export", 0.2)
        exact = self._exact()
        self.progress("quantise", 0.6)
        return self._fastest(exact.path) or exact

    def measured(self, path: Path) -> bias.Bias:
        """Measure the bias of what a graph computes."""
        session = open_session(path)
        with_tokens = len(session.get_outputs()) > 1

        def tokens(text: str) -> NDArray[np.float32]:
            return run_together(partial(run_session, session), self._ids([text], "query"), pad_id(self.model))[0][1]

        return bias.measure(partial(self._encode, session), tokens if with_tokens else None)

    def bare_ids(self, text: str) -> list[int]:
        """Return token ids without special tokens."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def _exact(self) -> Graph:
        """Export in fp32, with attention in one operation if the vectors stay the same. Raises ExportError."""
        graph = Graph(self.folder / "exact.onnx", "fp32")
        for fused in (True, False):
            try:
                export(self.model, graph.path, fused=fused)
            except ExportError:
                if fused:
                    continue
                raise
            self.progress("check_export", 0.5)
            graph = self._compared(graph)
            if graph.least >= EXPORT_PARITY:
                return graph
        raise ExportError("encoder_not_exportable", reason=f"cosine {graph.least:.4f}")

    def _fastest(self, exact: Path) -> Graph | None:
        """Return the graph in few bits that is the fastest on this processor of those that keep the vectors, if any.

        Word embeddings are in blocks of four bits, or as they are where that changes the vectors too much.
        """
        ids = [
            row
            for kind in bias.KINDS  # a prompt of its own shows in how large the values within become
            for column in bias.parallel_texts(kind).values()
            for row in self._ids(column, kind)
        ]
        small = self.folder / "embeddings.onnx"
        to_blocks(exact, small, 4, of="Gather")
        blocks: Precision
        for base, bits, blocks in ((small, 4, "4-bit blocks"), (exact, 8, "8-bit blocks")):
            graphs = [Graph(self.folder / "blocks.onnx", blocks), Graph(self.folder / "int8.onnx", "int8")]
            to_blocks(base, graphs[0].path, bits, of="MatMul")
            to_int8(base, graphs[1].path, (padded([row], pad_id(self.model)) for row in ids))
            if kept := [graph for graph in map(self._compared, graphs) if graph.least >= PARITY]:
                speeds = self._speeds(kept, ids)
                return replace(max(kept, key=lambda graph: speeds[graph.precision]), speeds=speeds)
        return None

    def _speeds(self, graphs: Sequence[Graph], ids: list[list[int]]) -> dict[str, float]:
        """Return how many tokens a second each graph encodes here, at the best of rounds in turn: some ten seconds."""
        sessions = {graph.precision: open_session(graph.path) for graph in graphs}
        best = dict.fromkeys(sessions, 0.0)
        for _ in range(_ROUNDS):
            for precision, session in sessions.items():
                started = time.perf_counter()
                self._run(session, ids)
                best[precision] = max(best[precision], sum(map(len, ids)) / (time.perf_counter() - started))
        return {precision: round(speed, 1) for precision, speed in best.items()}

    def _compared(self, graph: Graph) -> Graph:
        """Add the least and the mean cosine to the model, by language."""
        found = _over_parallel_texts(partial(self._encode, open_session(graph.path)))
        parity = {}
        for language in found["query"]:
            cosines = np.concatenate(
                [(found[kind][language] * self._reference[kind][language]).sum(1) for kind in bias.KINDS]
            )
            parity[language] = (float(cosines.min()), float(cosines.mean()))
        return replace(graph, parity=parity)

    @cached_property
    def _reference(self) -> Vectors:
        return _over_parallel_texts(partial(encode, self.model))

    def _encode(self, session: Any, texts: Sequence[str], kind: bias.Kind) -> NDArray[np.float32]:
        return self._run(session, self._ids(texts, kind))

    def _run(self, session: Any, ids: list[list[int]]) -> NDArray[np.float32]:
        return run(session, ids, pad_id=pad_id(self.model), dimension=self.model.get_embedding_dimension())

    def _ids(self, texts: Sequence[str], kind: bias.Kind) -> list[list[int]]:
        prompted = [model_prompt(self.model, kind) + text for text in texts]
        return tokenise(self.tokenizer, prompted, self.model.max_seq_length)


def _over_parallel_texts(encode: Callable[[Sequence[str], bias.Kind], NDArray[np.float32]]) -> Vectors:
    return {
        kind: {language: encode(texts, kind) for language, texts in bias.parallel_texts(kind).items()}
        for kind in bias.KINDS
    }


def pad_id(model: Any) -> int:
    return int(model.tokenizer.pad_token_id or 0)
