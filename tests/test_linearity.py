"""The check of linear time can fail."""

import pytest
from linearity import assert_linear


def test_linear_time_passes_and_quadratic_time_does_not():
    assert_linear(lambda size: sum(range(1000 * size)), 500)
    with pytest.raises(AssertionError, match="times grow by"):
        assert_linear(lambda size: sum(range(size**3)), 120)
