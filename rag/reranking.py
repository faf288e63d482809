"""A second look at the best passages by a cross-encoder, for those who have one.

It reads question and passage together, which tells more than two vectors do and costs a pass through a model for each
passage: a second or more on a laptop. It runs under sentence-transformers, whose import takes longer still, so it is
off unless the setting ``reranker`` names a model.
"""

from collections.abc import Sequence
from dataclasses import replace

from rag.encoders.export import quiet
from rag.encoders.source import resolve
from rag.errors import EncoderError, ModelNotFound
from rag.types import Hit

RERANKED = 20  # hits that are looked at


class Reranker:
    """A sentence-transformers ``CrossEncoder``, by name or folder. Raises ModelNotFound and EncoderError."""

    def __init__(self, spec: str, device: str = "cpu") -> None:
        folder = resolve(spec).folder
        if folder is None:
            raise ModelNotFound("model_not_found", name=spec)
        with quiet():
            from sentence_transformers import CrossEncoder

            try:
                self._model = CrossEncoder(str(folder), device=device, local_files_only=True, trust_remote_code=False)
            except Exception as error:  # each layer below raises its own
                raise EncoderError(
                    "reranker_not_loadable", folder=folder, device=device, reason=f"{type(error).__name__}: {error}"
                ) from error
        if self._model.num_labels != 1:
            raise EncoderError("reranker_labels", name=spec, count=self._model.num_labels)

    def rerank(self, question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return hits with the first RERANKED of them in the model's order.

        Their scores are dealt out anew in that order, so that they keep the scale that answerability was fitted to.
        Raises EncoderError.
        """
        first = hits[:RERANKED]
        if not first:
            return ()
        try:
            judged = self._model.predict([(question, _read(hit)) for hit in first], show_progress_bar=False).tolist()
        except RuntimeError as error:  # out of memory on a GPU, among others
            raise EncoderError("encoder_failed", count=len(first), reason=error) from error
        order = sorted(range(len(first)), key=lambda place: -judged[place])
        best = [replace(first[place], score=hit.score) for place, hit in zip(order, first, strict=True)]
        return (*best, *hits[RERANKED:])


def _read(hit: Hit) -> str:
    article, passage = hit.candidate.article, hit.candidate.passage
    lines = dict.fromkeys([article.title, passage.heading, article.text[passage.start : passage.stop]])
    return "\n".join(line for line in lines if line)
