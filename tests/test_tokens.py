import stat

import pytest

from rag.errors import StoreError, UsageError
from rag.tokens import Tokens


def test_a_token_is_known_by_its_hash_alone(tmp_path):
    tokens = Tokens(tmp_path / "data")
    assert tokens.all() == ()
    secret = tokens.create("press", "write")
    file = tmp_path / "data" / "tokens.json"
    assert secret not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["tokens.json"]
    found = Tokens(tmp_path / "data").holder(secret)
    assert (found.name, found.role) == ("press", "write")
    assert tokens.holder(secret[:-1]) is tokens.holder("") is tokens.holder("\udcff") is None


def test_a_file_that_changed_is_read_again(tmp_path):
    server, person = Tokens(tmp_path), Tokens(tmp_path)
    secret = person.create("a", "read")
    assert server.holder(secret).role == "read"
    other = person.create("b", "write")
    person.remove("a")
    assert (server.holder(secret), server.holder(other).name) == (None, "b")
    person.remove("b")
    assert server.all() == ()


def test_a_name_is_given_once_and_removed_once(tmp_path):
    tokens = Tokens(tmp_path)
    tokens.create("a", "read")
    with pytest.raises(UsageError, match="already"):
        tokens.create("a", "write")
    with pytest.raises(UsageError, match="no token b"):
        tokens.remove("b")
    for name in ("", " ", "a\nb", "x" * 101):
        with pytest.raises(UsageError, match="cannot be called"):
            tokens.create(name, "read")


@pytest.mark.parametrize("content", ["[{]", '[{"name": "a"}]', "{", "1"])
def test_a_damaged_file_is_an_error_and_not_an_open_door(tmp_path, content):
    (tmp_path / "tokens.json").write_text(content)
    with pytest.raises(StoreError, match=r"tokens\.json"):
        Tokens(tmp_path).all()
