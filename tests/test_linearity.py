"""The check of linear time can fail."""

import linearity
import pytest
from linearity import assert_linear


def test_linear_time_passes_and_quadratic_time_does_not(monkeypatch):
    assert_linear(lambda size: sum(range(1000 * size)), 500)
    monkeypatch.setattr(linearity, "RUNS", 1)
    with pytest.raises(AssertionError, match="times grow by"):
        assert_linear(lambda size: sum(range(size**3)), 120)
