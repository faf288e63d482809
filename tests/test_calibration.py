import random

import pytest

from rag.answerability import FEATURES
from rag.calibration import Example, calibrate
from rag.errors import QuestionSetError


def example(chance, *, answerable, one_language, group, miss="far"):
    noise = [chance.gauss(0, 1) for _ in FEATURES[1:]]
    noise[0] += 2 if answerable else -2
    return Example((1.0, *noise), answerable, one_language, group, None if answerable else miss)


def some(one_language, count=200):
    chance = random.Random(1)
    return [example(chance, answerable=n % 2 == 0, one_language=one_language, group=str(n // 10)) for n in range(count)]


def test_the_feature_that_tells_gets_the_weight():
    calibration = calibrate([*some(True), *some(False)])
    for weights in (calibration.coefficients.same, calibration.coefficients.across):
        assert weights[1] > 1
        assert all(abs(weight) < weights[1] / 2 for weight in weights[2:])
    assert set(calibration.auroc) == {"same", "same_far", "across", "across_far"}
    assert min(calibration.auroc.values()) > 0.95


def test_what_the_fit_saw_is_not_what_it_is_judged_by():
    """Where only the article tells whether there is an answer, nothing can be learnt for other articles."""
    chance = random.Random(2)
    found = []
    for group in range(40):
        noise = tuple(chance.gauss(0, 1) for _ in FEATURES[1:])
        found += [Example((1.0, *noise), group % 2 == 0, one, str(group), None) for one in (True, False)] * 5
    assert all(area < 0.8 for area in calibrate(found).auroc.values())


def test_a_set_without_questions_that_have_no_answer_cannot_calibrate():
    answerable = [one for one in [*some(True), *some(False)] if one.answerable]
    with pytest.raises(QuestionSetError, match="same"):
        calibrate(answerable)
