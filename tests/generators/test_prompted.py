import pytest
from made import asked, made_hit

from rag.errors import GeneratorError
from rag.generators.prompted import PromptedGenerator
from rag.types import Request

REQUEST = asked("What is ViGen?", made_hit("ViGen is a project"))


class Scripted(PromptedGenerator):
    """Writes what it is told to, and remembers what it was asked and that it was left."""

    def __init__(self, *pieces, style="chat"):
        super().__init__(name="scripted", style=style, prompt_tokens=4000)
        self.pieces, self.prompts, self.left = pieces, [], 0

    def complete(self, prompt):
        self.prompts.append(prompt)
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.left += 1


@pytest.mark.parametrize(
    "pieces",
    [["A [1]."], ["No", "body knows."], ["NO_", "ONE is."], ["\n", "A"], ["[1]"], ["NO_ANSW"], ["A NO_ANSWER"]],
)
def test_a_draft_passes_unchanged(pieces):
    assert "".join(Scripted(*pieces).generate(REQUEST)) == "".join(pieces)


@pytest.mark.parametrize(
    "pieces", [["NO_ANSWER"], [" **NO", "_ANS", "WER**", " as"], ["No_Answer. [1]"], ["“NO_ANSWER”"]]
)
def test_that_there_is_no_answer_is_an_empty_draft(pieces):
    generator = Scripted(*pieces, "never read")
    assert "".join(generator.generate(REQUEST)) == ""
    assert generator.left == 1


@pytest.mark.parametrize("pieces", [[], ["", "\n", " "]])
def test_blanks_are_an_empty_draft(pieces):
    assert "".join(Scripted(*pieces).generate(REQUEST)) == ""


def test_silences_are_handed_on_before_and_within_a_draft():
    assert list(Scripted("", "NO", "", "NE", "", "!").generate(REQUEST)) == ["", "", "", "NONE", "", "!"]


def test_leaving_a_draft_ends_the_work():
    for pieces in (("a", "b"), ("NO", "b")):
        generator = Scripted(*pieces)
        draft = generator.generate(REQUEST)
        next(draft)
        draft.close()
        assert generator.left == 1


def test_a_failure_passes():
    draft = Scripted("a", GeneratorError("generator_unknown", name="x", known="y")).generate(REQUEST)
    assert next(draft) == "a"
    with pytest.raises(GeneratorError):
        next(draft)


def test_the_style_chooses_the_prompt():
    chat, base = Scripted("a"), Scripted("a", style="completion")
    rewriting = Request("rewrite", "And it?", "en")
    for generator in (chat, base):
        list(generator.generate(REQUEST))
        list(generator.generate(rewriting))
    assert [bool(prompt.user) for prompt in chat.prompts] == [True, True]
    assert [prompt.stop for prompt in base.prompts] == [("\n",)]


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("word", 2), ("好", 1), ("Việt", 2)])
def test_tokens_are_estimated_by_bytes(text, tokens):
    assert Scripted().count_tokens(text) == tokens
