"""The settings: defaults, then the TOML file, then ``RAG_*`` variables, then flags, the last word winning."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from rag.errors import SettingsError
from rag.layers import Layered, Secret, UnfitError, config_file, home

SERVER, SERVER_PREFIX = "server", "RAG_SERVER_"  # the table and the variables of a server that runs here
Stage = Literal["sentences", "tokens", "lexical", "names", "neighbours", "focus", "accents", "spelling", "reader"]
Style = Literal["chat", "completion"]
Seconds = Annotated[float, Meta(ge=0.1, le=3600)]
KEY = re.compile(r"[!-~]+")
COLLECTION_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
NOT_SETTINGS = {"RAG_CONFIG"}  # names the file that the settings come from
FALLBACKS = {"openai_key": "OPENAI_API_KEY", "anthropic_key": "ANTHROPIC_API_KEY"}
"""Variables without our prefix that people have set already, by the setting that they stand in for."""


def _named_collection(value: str) -> str:
    if not COLLECTION_NAME.fullmatch(value):
        raise UnfitError("setting_not_a_collection")
    return value


def _absolute(value: Path | None) -> Path | None:
    return value and value.expanduser().absolute()


def _address(value: str | None) -> str | None:
    if value is not None and not _is_address(value):
        raise UnfitError("setting_not_an_address")
    return value and value.rstrip("/")


def _key(value: Secret | None) -> Secret | None:
    key = value.revealed().strip() if value else ""
    if key and not KEY.fullmatch(key):  # else it would be no header, and the error about that would show it
        raise UnfitError("setting_not_a_key")
    return Secret(key) if key else None


@dataclass(frozen=True, kw_only=True)
class Settings(Layered):
    """The settings of the program, but for those of a server that runs here, which are ``api.settings``'."""

    PREFIX: ClassVar[str] = "RAG_"
    CHECKS: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "collection": _named_collection,
        **dict.fromkeys(("data_dir", "cache_dir", "local_model"), _absolute),
        **dict.fromkeys(("openai_base_url", "anthropic_base_url", "server"), _address),
        **dict.fromkeys(("openai_key", "anthropic_key", "token"), _key),
    }

    data_dir: Path = field(default_factory=lambda: home("XDG_DATA_HOME", ".local/share"))
    """Where the collections live."""
    cache_dir: Path = field(default_factory=lambda: home("XDG_CACHE_HOME", ".cache"))
    """Where prepared encoders live; can be deleted at any time."""
    collection: str = "seeds"
    """The collection that is asked and synced where none is named."""
    encoder: str = "bundled"
    """``bundled``, the name of a sentence-transformers model, or its folder."""
    encoder_device: str = "cpu"
    """``cpu`` runs the exported model; any other name of a torch device runs sentence-transformers itself."""
    passage_tokens: Annotated[int, Meta(ge=32, le=8192)] = 256
    """The longest passage, in tokens of the encoder; its own window is the bound."""
    candidates: Annotated[int, Meta(ge=1, le=1000)] = 30
    """Passages taken from each index before they are ranked."""
    top_k: Annotated[int, Meta(ge=1, le=100)] = 5
    """Sources listed with an answer."""
    threshold: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5
    """An answer is given where its answerability is at least this."""
    latest: bool = False
    """Whether newer articles are preferred where several answer."""
    without: tuple[Stage, ...] = ()
    """Stages of retrieval to leave out, to measure their worth: ``sentences``, ``tokens``, ``lexical``, ``names``,
    ``neighbours``, ``focus``, ``spelling``, ``reader``."""
    reranker: str | None = None
    """A cross-encoder of sentence-transformers that looks at the best passages again, by name or folder. It is slow."""
    model: str = "extractive"
    """What writes the answer: ``extractive``, ``local``, ``openai:NAME``, ``anthropic:NAME``, or a plugin's name."""
    openai_base_url: str = "https://api.openai.com/v1"
    """Any server with OpenAI's interface. The key goes there, and only there."""
    openai_key: Secret | None = field(default_factory=lambda: _stand_in("openai_key"))
    """The key for ``openai_base_url``; where none is set, ``OPENAI_API_KEY``."""
    openai_style: Style = "chat"
    """``completion`` for a base model, which was not trained to follow instructions."""
    anthropic_base_url: str = "https://api.anthropic.com"
    """Where the Messages API is."""
    anthropic_key: Secret | None = field(default_factory=lambda: _stand_in("anthropic_key"))
    """The key for ``anthropic_base_url``; where none is set, ``ANTHROPIC_API_KEY``."""
    local_model: Path | None = None
    """A GGUF file for ``local``; where none is set, the bundled one."""
    local_style: Style | None = None
    """``chat`` or ``completion`` for ``local_model``; where none is set, as the file says."""
    local_context: Annotated[int, Meta(ge=512, le=1 << 20)] = 4096
    """The tokens that the local model sees at once, answer included."""
    local_threads: Annotated[int, Meta(ge=0, le=1024)] = 0
    """The threads of the local model; 0 for as many as there are cores."""
    connect_seconds: Seconds = 5
    """The longest wait for a connection to a model."""
    first_token_seconds: Seconds = 60
    """The longest wait for a model's first word."""
    idle_seconds: Seconds = 20
    """The longest silence of a model in mid-answer."""
    answer_seconds: Seconds = 120
    """The longest time for a whole answer, further tries included."""
    answer_tokens: Annotated[int, Meta(ge=16, le=100_000)] = 400
    """The longest draft, in tokens of the model."""
    unsupported: Literal["drop", "mark"] = "drop"
    """What becomes of a sentence of a draft that no passage supports."""
    question_length: Annotated[int, Meta(ge=1, le=100_000)] = 2000
    """The longest question, in characters."""
    allow_fetch: bool = False
    """Whether ``rag add`` may fetch from the web, from public addresses alone. The server never does."""
    server: str | None = None
    """The address of a running server that is asked instead of a collection here."""
    token: Secret | None = None
    """The token that ``server`` asks for."""
    interface: Literal["en", "fr", "vi", "zh"] | None = None
    """The language of help and messages; where none is set, the locale's."""

    @classmethod
    def stored(cls) -> dict[str, Any]:
        return {name: value for name, value in super().stored().items() if (name, type(value)) != (SERVER, dict)}


def load(**flags: Any) -> Settings:
    """Return the settings, flags that are None counting as not given. Raises SettingsError, naming the setting."""
    _refuse_unknown_variables()
    return Settings.load(flags)


def origins() -> dict[str, str]:
    """Return where each setting's value comes from: a variable's name, the file's path, or ``default``."""
    found = dict.fromkeys(Settings.names(), "default")
    found |= {name: variable for name, variable in FALLBACKS.items() if _stand_in(name)}
    found |= dict.fromkeys(Settings.stored(), str(config_file()))
    return found | {name: Settings.variable(name) for name in Settings.variables()}


def _stand_in(name: str) -> Secret | None:
    """Return what stands in for a setting; a variable of other programs that is no key stops nobody here."""
    value = os.environ.get(FALLBACKS[name], "").strip()
    return Secret(value) if KEY.fullmatch(value) else None


def _is_address(value: str) -> bool:
    """Whether a value is an http or https URL of a host, and maybe a port and a path, and nothing else."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises where it is none
    except ValueError:
        return False
    plain = KEY.fullmatch(value) and not re.search(r"[@?#\\]", value)
    return bool(plain and parts.hostname and parts.scheme in {"http", "https"})


def _refuse_unknown_variables() -> None:
    prefix = Settings.PREFIX
    known = {*map(Settings.variable, Settings.names())} | NOT_SETTINGS
    for variable in sorted(os.environ):
        if variable.startswith(prefix) and not variable.startswith(SERVER_PREFIX) and variable not in known:
            hint = Settings.nearest(variable.removeprefix(prefix))
            raise SettingsError("variable_unknown", name=variable, hint=hint)
