import inspect
import re

import pytest

import rag.errors
from rag.errors import AskpressError, CollectionNotFound

CLASSES = [value for _, value in inspect.getmembers(rag.errors, inspect.isclass) if value.__module__ == "rag.errors"]


def drawn():
    """The tree as the module's docstring draws it: each name with the name that it hangs from."""
    parents, found = {}, {}
    for line in rag.errors.__doc__.splitlines():
        match = re.match(r"([│├└─ ]*)([A-Z]\w+)", line)
        if match and issubclass(getattr(rag.errors, match[2], int), Exception):
            depth = len(match[1]) // 4
            parents[depth] = match[2]
            found[match[2]] = parents.get(depth - 1)
    return found


def test_the_tree_in_the_docstring_is_the_tree():
    assert drawn() == {cls.__name__: None if cls is AskpressError else cls.__base__.__name__ for cls in CLASSES}


def test_an_error_is_said_in_the_language_of_the_user():
    error = CollectionNotFound("collection_not_found", name="press", known="seeds")
    assert "press" in str(error)
    assert str(error) == error.said("en") != error.said("fr")


def test_a_key_without_a_message_does_not_pass_unseen():
    with pytest.raises(KeyError):
        str(AskpressError("no_such_message"))
