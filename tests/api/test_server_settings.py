import pytest

from api.settings import ServerSettings, load
from rag.errors import SettingsError


@pytest.fixture
def config(monkeypatch, tmp_path):
    path = tmp_path / "askpress.toml"
    monkeypatch.setenv("RAG_CONFIG", str(path))
    return path


def test_the_last_word_wins(config, monkeypatch):
    assert (load().host, load().port) == ("127.0.0.1", 8000)
    config.write_text('top_k = 6\n[server]\nport = 8001\nallowed_hosts = ["press.example"]\n')
    assert (load().port, load().allowed_hosts) == (8001, ("press.example",))
    monkeypatch.setenv("RAG_SERVER_PORT", "8002")
    assert load().port == 8002
    assert (load(port=8003, host=None).port, load(port=8003).host) == (8003, "127.0.0.1")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("prot = 1", r"server\.prot"),
        ("port = 70000", r"server\.port.*at most"),
        ("rate = 'x'", r"server\.rate.*number"),
    ],
)
def test_what_cannot_be_is_told_by_its_name(config, table, said):
    config.write_text(f"[server]\n{table}\n")
    with pytest.raises(SettingsError, match=said):
        load()


@pytest.mark.parametrize("text", ["server = 1", "[server"])
def test_a_file_that_cannot_be_read_is_told(config, text):
    config.write_text(text)
    with pytest.raises(SettingsError):
        load()


def test_the_address_of_another_server_is_no_setting_of_this_one(config):
    config.write_text('server = "http://press.example:8000"\n')
    assert load().host == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "reachable"),
    [("127.0.0.1", False), ("127.0.0.2", False), ("::1", False), ("localhost", False), ("0.0.0.0", True),
     ("::", True), ("10.0.0.1", True), ("press.example", True)],
)  # fmt: skip
def test_which_addresses_others_can_reach(host, reachable):
    assert ServerSettings(host=host).reachable is reachable
