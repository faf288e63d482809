import re
import traceback
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.settings import Settings, load, origins


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    path = tmp_path / "askpress.toml"
    monkeypatch.setenv("RAG_CONFIG", str(path))
    return path


def test_the_last_word_wins(config, monkeypatch):
    assert load().top_k == 5
    config.write_text("top_k = 6\nthreshold = 0.25\n")
    assert (load().top_k, load().threshold) == (6, 0.25)
    monkeypatch.setenv("RAG_TOP_K", "7")
    assert load().top_k == 7
    assert load(top_k=8).top_k == 8
    assert load(top_k=None).top_k == 7


def test_origins_name_where_each_value_comes_from(config, monkeypatch):
    config.write_text("top_k = 6\nthreshold = 0.25\n")
    monkeypatch.setenv("RAG_TOP_K", "7")
    found = origins()
    assert found["threshold"] == str(config)
    assert found["top_k"] == "RAG_TOP_K"
    assert found["encoder"] == "default"
    assert found.keys() == {*Settings.names()}


def test_an_unknown_key_is_refused_with_a_suggestion(config):
    config.write_text("treshold = 0.5\n")
    with pytest.raises(SettingsError, match=r"treshold.*askpress\.toml.*threshold"):
        load()


def test_an_unknown_variable_is_refused_with_a_suggestion(monkeypatch):
    monkeypatch.setenv("RAG_ENCODR", "bundled")
    with pytest.raises(SettingsError, match=r"RAG_ENCODR.*encoder"):
        load()


@pytest.mark.parametrize("name", ["../up", "Press", "", "a" * 65, "-x", "a/b"])
def test_a_collection_name_cannot_be_a_path(name):
    with pytest.raises(SettingsError, match="collection"):
        load(collection=name)


def test_a_value_out_of_range_names_its_setting(monkeypatch):
    monkeypatch.setenv("RAG_THRESHOLD", "1.5")
    with pytest.raises(SettingsError, match=r"threshold.*1\.5"):
        load()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("top_k", "0", "at least 1"),
        ("top_k", "1.5", "whole number"),
        ("top_k", "many", "whole number"),
        ("threshold", "high", "Write a number"),
        ("interface", "de", "one of 'en'"),
        ("top_k", "101", "at most 100"),
        ("threshold", "nan", "at least 0"),
        ("allow_fetch", "maybe", r"1 \(yes\)"),
        ("without", "reader", "list as JSON, such as"),
        ("without", '["readr"]', "one of 'sentences'"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_what_can_be(monkeypatch, name, value, said):
    monkeypatch.setenv(f"RAG_{name.upper()}", value)
    with pytest.raises(SettingsError, match=rf"{name} cannot be '{re.escape(value)}'.*{said}"):
        load()


def test_a_file_that_is_not_toml_is_named(config):
    config.write_text("top_k = = 6")
    with pytest.raises(SettingsError, match=r"askpress\.toml.*TOML"):
        load()


def test_settings_are_frozen():
    with pytest.raises(FrozenInstanceError):
        load().top_k = 3


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://h", "api.example.org", "http://", "https://u:p@h/v1", "http://h:99999", "http://h/?q",
     "http://h/#f", "http://h/ v1", "http://h/\n", "//h", "http://[::1", "http:\\\\h", "javascript:x", " http://h"],
)  # fmt: skip
def test_an_address_is_of_a_web_server_and_holds_no_secret(address):
    for name in ("openai_base_url", "anthropic_base_url"):
        with pytest.raises(SettingsError, match=f"{name} cannot be that.*https://"):
            load(**{name: address})


def test_an_address_is_kept_without_the_slash_at_its_end():
    assert load(openai_base_url="http://[::1]:8080/v1/").openai_base_url == "http://[::1]:8080/v1"


def test_a_key_is_the_settings_or_that_of_other_programs(config, monkeypatch):
    assert load().openai_key is None
    monkeypatch.setenv("OPENAI_API_KEY", "sk-theirs\n")
    assert load().openai_key.revealed() == "sk-theirs"
    assert (origins()["openai_key"], origins()["anthropic_key"]) == ("OPENAI_API_KEY", "default")
    monkeypatch.setenv("RAG_OPENAI_KEY", "sk-ours ")
    assert load().openai_key.revealed() == "sk-ours"
    assert origins()["openai_key"] == "RAG_OPENAI_KEY"
    config.write_text('anthropic_key = "sk-file"\n')
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-theirs")
    assert load().anthropic_key.revealed() == "sk-file"
    assert origins()["anthropic_key"] == str(config)


def test_a_key_of_other_programs_that_is_none_stops_nobody(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "not a key")
    assert load().openai_key is None


@pytest.mark.parametrize("line", ['openai_key = "canary 1"', 'openai_key = "canaryé"', 'anthropic_key = ["canary"]'])
def test_a_key_is_never_shown(config, line):
    config.write_text('openai_key = "canary"')
    assert "canary" not in f"{load()!r} {load().shown}"
    config.write_text(line)
    with pytest.raises(SettingsError, match="_key") as caught:
        load()
    assert "canary" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value.values)


def test_the_home_of_a_model_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert load(local_model="~/m.gguf").local_model == Path("/home/me/m.gguf")


def test_the_server_to_ask_is_not_the_one_that_runs_here(config, monkeypatch):
    monkeypatch.setenv("RAG_SERVER_PORT", "8001")
    config.write_text("top_k = 6\n[server]\nport = 8002\n")
    assert (load().server, origins()["server"]) == (None, "default")
    monkeypatch.setenv("RAG_SERVER", "http://127.0.0.1:8000/")
    assert (load().server, origins()["server"]) == ("http://127.0.0.1:8000", "RAG_SERVER")
    config.write_text('server = "https://press.example"\n')
    monkeypatch.delenv("RAG_SERVER")
    assert (load().server, origins()["server"]) == ("https://press.example", str(config))
    monkeypatch.setenv("RAG_SERVER", "localhost")
    with pytest.raises(SettingsError, match="server"):
        load()


def test_a_token_that_is_none_is_not_shown(monkeypatch):
    monkeypatch.setenv("RAG_TOKEN", "askpress_é")
    with pytest.raises(SettingsError, match="token") as caught:
        load()
    assert "askpress_" not in str(caught.value)
    monkeypatch.setenv("RAG_TOKEN", "askpress_secret")
    assert "secret" not in str(load().shown)
