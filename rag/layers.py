"""How settings are put together: flags, over ``RAG_*`` variables, over the TOML file, over the defaults.

A record of settings is a frozen dataclass with a default for each field. msgspec converts the values, one by one, so
that an error can name the setting.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

import msgspec

from rag.errors import SettingsError

YES_AND_NO = {"yes": True, "on": True, "no": False, "off": False}
"""What a variable may say beside 1, true, 0 and false."""
NOT_A = {bool: "setting_not_yes_or_no", int: "setting_not_a_whole_number", float: "setting_not_a_number"}
"""The keys of the messages for what is none of a type."""


class Secret:
    """A key or a token. Whatever shows, logs or dumps it has asterisks."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def revealed(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"


class UnfitError(ValueError):
    """A value of the right type that a setting cannot have; ``key`` is that of the message."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def home(variable: str, fallback: str) -> Path:
    """A folder of the XDG base directory specification, version 0.8."""
    return Path(os.environ.get(variable) or Path.home() / fallback) / "askpress"


def config_file() -> Path:
    """The TOML file: ``$RAG_CONFIG``, else ``askpress/config.toml`` in the user's configuration folder."""
    named = os.environ.get("RAG_CONFIG")
    return Path(named) if named else home("XDG_CONFIG_HOME", ".config") / "config.toml"


@dataclass(frozen=True, kw_only=True)
class Layered:
    """A record of settings; ``chosen`` names those that are not left at their defaults."""

    PREFIX: ClassVar[str]
    """Of its variables."""
    TABLE: ClassVar[str] = ""
    """Of the TOML file; its top where there is no name."""
    CHECKS: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    """What tidies the value of a setting, or raises UnfitError. Defaults are not checked."""

    chosen: frozenset[str] = frozenset()

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls) if field.name != "chosen")

    @classmethod
    def load(cls, flags: Mapping[str, Any]) -> Self:
        """Return the settings, flags that are None counting as not given. Raises SettingsError, naming the setting."""
        given = cls.stored() | cls.variables() | {name: value for name, value in flags.items() if value is not None}
        for name in given.keys() - {*cls.names()}:
            raise SettingsError(
                "setting_unknown", name=cls._named(name), origin=config_file(), hint=cls._named(cls.nearest(name))
            )
        kinds = get_type_hints(cls, include_extras=True) if given else {}
        made = {name: cls._converted(name, value, kinds[name]) for name, value in given.items()}
        return cls(**made, chosen=frozenset(made))

    @classmethod
    def stored(cls) -> dict[str, Any]:
        """Return what the TOML file sets. Raises SettingsError where it cannot be read."""
        if not config_file().is_file():
            return {}
        import tomllib

        try:
            return tomllib.loads(config_file().read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError("settings_file_unreadable", path=config_file(), reason=error) from error

    @classmethod
    def variable(cls, name: str) -> str:
        """Return the name of a setting's variable."""
        return cls.PREFIX + name.upper()

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Return what the environment sets; a variable without a value sets nothing."""
        held = {name: os.environ.get(cls.variable(name)) for name in cls.names()}
        return {name: value for name, value in held.items() if value}

    @classmethod
    def nearest(cls, name: str) -> str:
        """Return the setting whose name is most like one."""
        import difflib

        return difflib.get_close_matches(name.casefold(), cls.names(), n=1, cutoff=0.0)[0]

    @property
    def secrets(self) -> list[str]:
        held = (getattr(self, name) for name in self.names())
        return [value.revealed() for value in held if isinstance(value, Secret)]

    @property
    def shown(self) -> dict[str, Any]:
        """The settings as JSON has them, without secrets."""
        return {name: msgspec.to_builtins(getattr(self, name), enc_hook=str) for name in self.names()}

    @classmethod
    def _named(cls, name: str) -> str:
        return f"{cls.TABLE}.{name}" if cls.TABLE else name

    @classmethod
    def _converted(cls, name: str, value: Any, kind: Any) -> Any:
        plain, limits = _parts(kind)
        shown = "***" if plain is Secret else value
        if isinstance(value, str) and plain is bool:
            value = YES_AND_NO.get(value.casefold(), value)
        try:
            if isinstance(value, str) and get_origin(plain) is tuple:  # a variable holds a list as JSON
                value = msgspec.json.decode(value)
            made = msgspec.convert(value, kind, strict=False, dec_hook=_made)
            return cls.CHECKS[name](made) if name in cls.CHECKS else made
        except UnfitError as error:
            raise SettingsError(error.key, name=cls._named(name), value=shown) from None  # the cause might hold it
        except msgspec.DecodeError as error:
            key, values = _wrong(value, plain, limits)
            raise SettingsError(key, name=cls._named(name), value=shown, reason=error, **values) from None


def _parts(kind: Any) -> tuple[Any, msgspec.Meta]:
    """Return a type without its limits and without None, and the limits."""
    limits = msgspec.Meta()
    if get_origin(kind) is Annotated:
        kind, limits = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        kind = next(one for one in get_args(kind) if one is not NoneType)
    return kind, limits


def _made(kind: type, value: Any) -> Any:
    """Make a Path or a Secret, which msgspec does not know; it makes a ValidationError of a TypeError."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
    return kind(value)


def _wrong(value: Any, plain: Any, limits: msgspec.Meta) -> tuple[str, dict[str, Any]]:
    """Return the key of the message that says why a value is not taken, and what the message has to tell."""
    if get_origin(plain) is tuple:
        if isinstance(value, str):
            return "setting_not_a_list", {}
        plain = get_args(plain)[0]
    if get_origin(plain) is Literal:
        return "setting_not_a_choice", {"expected": ", ".join(map(repr, get_args(plain)))}
    if plain not in NOT_A:
        return "setting_invalid", {}
    try:
        number = msgspec.convert(value, plain, strict=False)
    except msgspec.ValidationError:
        return NOT_A[plain], {}
    low = limits.ge is not None and not number >= limits.ge  # not a number is neither
    return ("setting_too_small", {"ge": limits.ge}) if low else ("setting_too_large", {"le": limits.le})
