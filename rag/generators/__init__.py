"""What writes answers, by the name that the setting ``model`` gives it: ``extractive`` needs no model.

Another package adds a generator by an entry point of the group ``rag.generators``: a callable that takes the Settings
and returns a Generator.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from rag.errors import GeneratorError
from rag.protocols import Generator, Progress, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from importlib.metadata import EntryPoint

    from rag.generators.upstream import Endpoint, Limits
    from rag.settings import Settings

GROUP = "rag.generators"
HOSTS = {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
"""Where each provider wants a key; at another address, a server of the same kind may need none."""


@dataclass(frozen=True, slots=True)
class Described:
    """A generator that the setting ``model`` can name; ``problem`` says why it cannot be used here."""

    name: str
    selected: bool
    problem: GeneratorError | None


def load(settings: Settings, progress: Progress = silent) -> Generator:
    """Return the generator that the settings name; a model behind it is not started or asked yet.

    Raises GeneratorError where there is none of that name, or where it lacks a package, a file or a key.
    """
    provider, _, model = settings.model.partition(":")
    if settings.model == "extractive":
        from rag.generators.extractive import ExtractiveGenerator

        return ExtractiveGenerator()
    if settings.model == "local":
        from rag.generators.local import load as load_local

        return load_local(settings, _limits(settings), progress)
    if provider in HOSTS and model:
        return _remote(settings, _endpoint(settings, provider, model))
    plugins = _plugins()
    if settings.model not in plugins:
        _refuse(settings, plugins)
    make = _imported(plugins[settings.model])
    with _blamed(plugins[settings.model]):
        return make(settings)


def describe(settings: Settings) -> tuple[Described, ...]:
    """Return every generator that the setting ``model`` can name; none is started, and no server is asked."""
    from rag.generators.gguf import model_file

    plugins = _plugins()
    provider, _, model = settings.model.partition(":")
    selected = f"{provider}:NAME" if provider in HOSTS and model else settings.model
    needs: dict[str, Callable[[], object]] = {"extractive": lambda: None, "local": lambda: model_file(settings)}
    needs |= {f"{name}:NAME": partial(_endpoint, settings, name, "NAME") for name in HOSTS}
    needs |= {name: partial(_imported, entry) for name, entry in plugins.items() if name not in needs}
    if selected not in needs:
        needs[selected] = partial(_refuse, settings, plugins)
    return tuple(Described(name, name == selected, _problem(need)) for name, need in needs.items())


def _problem(need: Callable[[], object]) -> GeneratorError | None:
    try:
        need()
    except GeneratorError as error:
        return error
    return None


def _plugins() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _refuse(settings: Settings, plugins: Mapping[str, EntryPoint]) -> NoReturn:
    known = ["extractive", "local", *(f"{name}:NAME" for name in HOSTS), *plugins]
    raise GeneratorError("generator_unknown", name=settings.model, known=", ".join(known))


def _imported(entry: EntryPoint) -> Callable[[Settings], Generator]:
    with _blamed(entry):
        made: Callable[[Settings], Generator] = entry.load()
    return made


@contextmanager
def _blamed(entry: EntryPoint) -> Iterator[None]:
    """Turn whatever a package raises into a GeneratorError that names it."""
    try:
        yield
    except GeneratorError:
        raise
    except Exception as error:
        package = entry.dist.name if entry.dist else entry.module
        reason = f"{type(error).__name__}: {error}"
        raise GeneratorError("generator_plugin_failed", name=entry.name, package=package, reason=reason) from error


def _endpoint(settings: Settings, provider: str, model: str) -> Endpoint:
    from rag.generators.upstream import Endpoint
    from rag.settings import FALLBACKS

    base_url, key = getattr(settings, f"{provider}_base_url"), getattr(settings, f"{provider}_key")
    if key is None and urlsplit(base_url).hostname == HOSTS[provider]:
        raise GeneratorError(
            "generator_key_missing", host=HOSTS[provider], provider=provider, variable=FALLBACKS[f"{provider}_key"]
        )
    return Endpoint(base_url, model, provider, key and key.revealed())


def _remote(settings: Settings, endpoint: Endpoint) -> Generator:
    limits = _limits(settings)
    if endpoint.provider == "anthropic":
        from rag.generators.anthropic import AnthropicGenerator

        return AnthropicGenerator(endpoint, name=settings.model, limits=limits)
    from rag.generators.openai import OpenAIGenerator

    return OpenAIGenerator(endpoint, name=settings.model, style=settings.openai_style, limits=limits)


def _limits(settings: Settings) -> Limits:
    from rag.generators.upstream import Limits

    return Limits(
        connect=settings.connect_seconds,
        first_token=settings.first_token_seconds,
        idle=settings.idle_seconds,
        total=settings.answer_seconds,
        max_tokens=settings.answer_tokens,
    )
