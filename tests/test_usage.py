"""Help and usage errors speak the user's language."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rag.usage import Command, Group, explained


@click.group("rag", cls=Group, help="Everything.")
def group():
    pass


@group.command("sync", help="One thing.")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--top-k", type=int, help="How many.")
@click.option("--json", is_flag=True)
def sync(**given):
    pass


def wrong(*words):
    with pytest.raises(click.UsageError) as caught:
        group.main(list(words), standalone_mode=False)
    return explained(caught.value)


@pytest.fixture
def french(monkeypatch):
    monkeypatch.setattr("rag.usage.LANGUAGE", "fr")


@pytest.mark.usefixtures("french")
def test_headings_and_the_help_option_are_translated():
    output = CliRunner().invoke(group, ["--help"]).output
    assert [line for line in output.splitlines() if line and not line.startswith("  ")] == [
        "Utilisation\u00a0: rag [OPTIONS] COMMAND [ARGS]...",
        "Options\u00a0:",
        "Commandes\u00a0:",
    ]
    assert "Afficher cette aide." in CliRunner().invoke(group, ["sync", "--help"]).output
    assert isinstance(sync, Command)


@pytest.mark.usefixtures("french")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["snyc"], "La commande snyc n’existe pas. Vouliez-vous dire sync\u00a0?"),
        (["zzz"], "La commande zzz n’existe pas."),
        (["sync", ".", "--top-q", "1"], "L’option --top-q n’existe pas. Vouliez-vous dire --top-k\u00a0?"),
        (["sync"], "Il manque 'PATH'."),
        (["sync", ".", "--top-k", "x"], "'--top-k' a une valeur que cette option n’accepte pas."),
        (["sync", ".", "--top-k"], "Il manque une valeur à --top-k, ou cette option n’en prend pas."),
        (["sync", ".", "--json=1"], "Il manque une valeur à --json, ou cette option n’en prend pas."),
    ],
)
def test_what_is_wrong_is_said_in_the_language(words, said):
    assert wrong(*words) == said


def test_the_rest_is_said_in_the_words_of_click():
    assert "unexpected extra argument" in wrong("sync", ".", "more")
