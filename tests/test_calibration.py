import random

import pytest

from rag.answerability import FEATURES, SETS
from rag.calibration import Example, calibrate
from rag.errors import QuestionSetError


def example(chance, *, answerable, kind, group, miss="far"):
    noise = [chance.gauss(0, 1) for _ in FEATURES[1:]]
    noise[0] += 2 if answerable else -2
    return Example((1.0, *noise), answerable, kind, group, None if answerable else miss)


def some(kind, count=200):
    chance = random.Random(1)
    return [example(chance, answerable=n % 2 == 0, kind=kind, group=str(n // 10)) for n in range(count)]


def test_the_feature_that_tells_gets_the_weight():
    calibration = calibrate([example for kind in SETS for example in some(kind)])
    for weights in (getattr(calibration.coefficients, kind) for kind in SETS):
        assert weights[1] > 1
        assert all(abs(weight) < weights[1] / 2 for weight in weights[2:])
    assert set(calibration.auroc) == {name for kind in SETS for name in (kind, f"{kind}_far")}
    assert min(calibration.auroc.values()) > 0.95


def test_what_no_reader_has_read_has_the_weights_of_the_unread():
    fitted = calibrate([*some("same"), *some("across")]).coefficients
    assert (fitted.same_read, fitted.across_read) == (fitted.same, fitted.across)


def test_what_the_fit_saw_is_not_what_it_is_judged_by():
    """Where only the article tells whether there is an answer, nothing can be learnt for other articles."""
    chance = random.Random(2)
    found = []
    for group in range(40):
        noise = tuple(chance.gauss(0, 1) for _ in FEATURES[1:])
        found += [Example((1.0, *noise), group % 2 == 0, kind, str(group), None) for kind in SETS] * 5
    assert all(area < 0.8 for area in calibrate(found).auroc.values())


def test_a_set_without_questions_that_have_no_answer_cannot_calibrate():
    answerable = [one for one in [*some("same"), *some("across")] if one.answerable]
    with pytest.raises(QuestionSetError, match="same"):
        calibrate(answerable)
