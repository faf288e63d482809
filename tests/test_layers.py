from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest
from msgspec import Meta

from rag.errors import SettingsError
from rag.layers import NOT_A, Layered, Secret, UnfitError
from rag.messages import catalogue


def even(value):
    if value % 2:
        raise UnfitError("setting_not_a_key")
    return value + 2


@dataclass(frozen=True, kw_only=True)
class Probe(Layered):
    PREFIX: ClassVar = "PROBE_"
    TABLE: ClassVar = "probe"
    CHECKS: ClassVar = {"count": even}

    count: Annotated[int, Meta(ge=0, le=10)] = 3
    share: float = 0.5
    loud: bool = False
    hosts: tuple[str, ...] = ()
    secret: Secret | None = None


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("RAG_CONFIG", str(tmp_path / "none.toml"))


def test_defaults_are_not_chosen_and_not_checked():
    assert Probe.load({"share": None}) == Probe()
    assert (Probe.load({}).count, Probe.load({}).chosen) == (3, frozenset())


def test_a_variable_is_made_what_its_setting_is(monkeypatch):
    for name, value in {"COUNT": "4", "SHARE": "1", "HOSTS": '["a", "b"]', "SECRET": "s", "LOUD": ""}.items():
        monkeypatch.setenv(f"PROBE_{name}", value)
    found = Probe.load({"count": 6})
    assert (found.count, found.share, found.hosts, found.loud) == (8, 1.0, ("a", "b"), False)
    assert found.chosen == {"count", "share", "hosts", "secret"}
    assert (found.secrets, found.shown["secret"], found.shown["hosts"]) == (["s"], "***", ("a", "b"))


@pytest.mark.parametrize(("said", "meant"), [("1", True), ("TRUE", True), ("yes", True), ("0", False), ("Off", False)])
def test_yes_and_no(monkeypatch, said, meant):
    monkeypatch.setenv("PROBE_LOUD", said)
    assert Probe.load({}).loud is meant


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("count", 5, "setting_not_a_key"),
        ("count", "x", "setting_not_a_whole_number"),
        ("count", True, "setting_not_a_whole_number"),
        ("count", 12, "setting_too_large"),
        ("count", -2, "setting_too_small"),
        ("share", "x", "setting_not_a_number"),
        ("loud", 2, "setting_not_yes_or_no"),
        ("hosts", "a, b", "setting_not_a_list"),
        ("hosts", [1], "setting_invalid"),
        ("secret", ["canary"], "setting_invalid"),
        ("lowd", 1, "setting_unknown"),
    ],
)
def test_what_cannot_be_is_told_by_its_name_in_the_file(name, value, key):
    with pytest.raises(SettingsError) as caught:
        Probe.load({name: value})
    error = caught.value
    assert (error.key, error.values["name"]) == (key, f"probe.{name}")
    assert "canary" not in f"{error} {error.values} {error.__cause__}"


def test_an_unknown_setting_comes_with_the_nearest():
    with pytest.raises(SettingsError, match=r"probe\.lowd.*probe\.loud"):
        Probe.load({"lowd": 1})


def test_every_key_of_an_invalid_value_is_in_the_catalogue():
    assert set(NOT_A.values()) <= catalogue("en").keys()
