"""The settings: defaults, then the TOML file, then ``RAG_*`` variables, then flags, the last word winning."""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from rag.errors import SettingsError

PREFIX = "RAG_"
SERVER, SERVER_PREFIX = "server", "RAG_SERVER_"  # the table and the variables of a server that runs here
Stage = Literal["sentences", "tokens", "lexical", "names", "neighbours", "focus", "spelling", "reader"]
Style = Literal["chat", "completion"]
KEY = re.compile(r"[!-~]+")
COLLECTION_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
NOT_SETTINGS = {"RAG_CONFIG"}  # names the file that the settings come from
FALLBACKS = {"openai_key": "OPENAI_API_KEY", "anthropic_key": "ANTHROPIC_API_KEY"}
"""Variables without our prefix that people have set already, by the setting that they stand in for."""
SECRETS = {*FALLBACKS, "token"}
INVALID = {
    "address": "setting_not_an_address",
    "bool_parsing": "setting_not_yes_or_no",
    "collection_name": "setting_not_a_collection",
    "float_parsing": "setting_not_a_number",
    "greater_than_equal": "setting_too_small",
    "int_from_float": "setting_not_a_whole_number",
    "int_parsing": "setting_not_a_whole_number",
    "key": "setting_not_a_key",
    "less_than_equal": "setting_too_large",
    "literal_error": "setting_not_a_choice",
}
"""The keys of messages by pydantic's type of error; another type is told in pydantic's English."""


def _home(variable: str, fallback: str) -> Path:
    """A folder of the XDG base directory specification, version 0.8."""
    return Path(os.environ.get(variable) or Path.home() / fallback) / "askpress"


def config_file() -> Path:
    """The TOML file: ``$RAG_CONFIG``, else ``askpress/config.toml`` in the user's configuration folder."""
    named = os.environ.get("RAG_CONFIG")
    return Path(named) if named else _home("XDG_CONFIG_HOME", ".config") / "config.toml"


class Layered(BaseSettings):
    """Settings from flags, variables and the TOML file. Frozen; made once by ``load`` and handed down."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True, hide_input_in_errors=True)

    @classmethod
    def stored(cls) -> dict[str, Any]:
        """Return what the TOML file sets. Raises SettingsError where it cannot be read."""
        if not config_file().is_file():
            return {}
        try:
            return tomllib.loads(config_file().read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError("settings_file_unreadable", path=config_file(), reason=error) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env file is read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor a folder of secrets
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, InitSettingsSource(settings_cls, cls.stored())


class Settings(Layered):
    """The settings of the program, but for those of a server that runs here, which are ``api.settings``'."""

    model_config = SettingsConfigDict(env_prefix=PREFIX)

    data_dir: Path = Field(default_factory=lambda: _home("XDG_DATA_HOME", ".local/share"))
    """Where the collections live."""
    cache_dir: Path = Field(default_factory=lambda: _home("XDG_CACHE_HOME", ".cache"))
    """Where prepared encoders live; can be deleted at any time."""
    collection: str = "seeds"
    """The collection that is asked and synced where none is named."""
    encoder: str = "bundled"
    """``bundled``, the name of a sentence-transformers model, or its folder."""
    encoder_device: str = "cpu"
    """``cpu`` runs the exported model; any other name of a torch device runs sentence-transformers itself."""
    passage_tokens: int = Field(default=256, ge=32, le=8192)
    """The longest passage, in tokens of the encoder; its own window is the bound."""
    candidates: int = Field(default=50, ge=1, le=1000)
    """Passages taken from each index before they are ranked."""
    top_k: int = Field(default=5, ge=1, le=100)
    """Sources listed with an answer."""
    threshold: float = Field(default=0.5, ge=0.0, le=1.0)
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
    openai_key: SecretStr | None = Field(default_factory=lambda: _fallback("openai_key"), validate_default=True)
    """The key for ``openai_base_url``; where none is set, ``OPENAI_API_KEY``."""
    openai_style: Style = "chat"
    """``completion`` for a base model, which was not trained to follow instructions."""
    anthropic_base_url: str = "https://api.anthropic.com"
    """Where the Messages API is."""
    anthropic_key: SecretStr | None = Field(default_factory=lambda: _fallback("anthropic_key"), validate_default=True)
    """The key for ``anthropic_base_url``; where none is set, ``ANTHROPIC_API_KEY``."""
    local_model: Path | None = None
    """A GGUF file for ``local``; where none is set, the bundled one."""
    local_style: Style | None = None
    """``chat`` or ``completion`` for ``local_model``; where none is set, as the file says."""
    local_context: int = Field(default=4096, ge=512, le=1 << 20)
    """The tokens that the local model sees at once, answer included."""
    local_threads: int = Field(default=0, ge=0, le=1024)
    """The threads of the local model; 0 for as many as there are cores."""
    connect_seconds: float = Field(default=5, ge=0.1, le=3600)
    """The longest wait for a connection to a model."""
    first_token_seconds: float = Field(default=60, ge=0.1, le=3600)
    """The longest wait for a model's first word."""
    idle_seconds: float = Field(default=20, ge=0.1, le=3600)
    """The longest silence of a model in mid-answer."""
    answer_seconds: float = Field(default=120, ge=0.1, le=3600)
    """The longest time for a whole answer, further tries included."""
    answer_tokens: int = Field(default=400, ge=16, le=100_000)
    """The longest draft, in tokens of the model."""
    unsupported: Literal["drop", "mark"] = "drop"
    """What becomes of a sentence of a draft that no passage supports."""
    question_length: int = Field(default=2000, ge=1, le=100_000)
    """The longest question, in characters."""
    allow_fetch: bool = False
    """Whether ``rag add`` may fetch from the web, from public addresses alone. The server never does."""
    server: str | None = None
    """The address of a running server that is asked instead of a collection here."""
    token: SecretStr | None = None
    """The token that ``server`` asks for."""
    interface: Literal["en", "fr", "vi", "zh"] | None = None
    """The language of help and messages; where none is set, the locale's."""

    @field_validator("collection")
    @classmethod
    def _collection_is_a_name(cls, value: str) -> str:
        if not COLLECTION_NAME.fullmatch(value):
            raise PydanticCustomError("collection_name", "no name of a collection")
        return value

    @field_validator("data_dir", "cache_dir", "local_model")
    @classmethod
    def _home_is_expanded(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().absolute()

    @field_validator("openai_base_url", "anthropic_base_url", "server")
    @classmethod
    def _address_is_of_a_server(cls, value: str | None) -> str | None:
        if value is not None and not _is_address(value):
            raise PydanticCustomError("address", "no address of a server")
        return value and value.rstrip("/")

    @field_validator("openai_key", "anthropic_key", "token")
    @classmethod
    def _key_is_a_word(cls, value: SecretStr | None) -> SecretStr | None:
        key = value.get_secret_value().strip() if value else ""
        if key and not KEY.fullmatch(key):  # else it would be no header, and the error about that would show it
            raise PydanticCustomError("key", "no key")
        return SecretStr(key) if key else None

    @classmethod
    def stored(cls) -> dict[str, Any]:
        return {name: value for name, value in super().stored().items() if (name, type(value)) != (SERVER, dict)}


def load(**flags: Any) -> Settings:
    """Return the settings, flags that are None counting as not given. Raises SettingsError, naming the setting."""
    _refuse_unknown_variables()
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            name = ".".join(map(str, first["loc"]))
            raise SettingsError("setting_unknown", name=name, origin=config_file(), hint=_nearest(name)) from error
        raise invalid(error) from error


def invalid(error: ValidationError, *table: str) -> SettingsError:
    """Return what is wrong with the first invalid setting of a table, in the terms of a message."""
    first = error.errors()[0]
    name = ".".join(map(str, (*table, *first["loc"])))
    shown = "***" if name in SECRETS else first["input"]
    values = {"name": name, "value": shown, "reason": first["msg"], **first.get("ctx", {})}
    return SettingsError(INVALID.get(first["type"], "setting_invalid"), **values)


def origins() -> dict[str, str]:
    """Return where each setting's value comes from: a variable's name, the file's path, or ``default``."""
    found = dict.fromkeys(Settings.model_fields, "default")
    found.update(dict.fromkeys(Settings.stored(), str(config_file())))
    for name in Settings.model_fields:
        if found[name] == "default" and _fallback(name):
            found[name] = FALLBACKS[name]
        if os.environ.get(PREFIX + name.upper()):
            found[name] = PREFIX + name.upper()
    return found


def _fallback(name: str) -> str | None:
    """Return what stands in for a setting; a variable of other programs that is no key stops nobody here."""
    value = os.environ.get(FALLBACKS.get(name, ""), "").strip()
    return value if KEY.fullmatch(value) else None


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
    known = {PREFIX + name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and not variable.startswith(SERVER_PREFIX) and variable not in known:
            hint = _nearest(variable.removeprefix(PREFIX).lower())
            raise SettingsError("variable_unknown", name=variable, hint=hint)


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.casefold(), Settings.model_fields, n=1, cutoff=0.0)
    return near[0]
