"""Gaussian receptive fields: where they are, and the value read back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.encoding.population import population_activity, population_decode, receptive_fields
from eegsnn.errors import ConfigurationError


def test_fields_are_where_the_formula_puts_them():
    fields = receptive_fields(6, -1.0, 1.0)
    i = np.arange(1, 7)
    np.testing.assert_allclose(fields.centres, -1 + (2 * i - 3) / 2 * 2 / 4)
    assert fields.width == pytest.approx(2 / (1.5 * 4))


@given(x=st.floats(0, 1), n_units=st.integers(6, 30))
def test_the_weighted_centre_is_the_value(x, n_units):
    fields = receptive_fields(n_units)
    decoded = population_decode(population_activity(np.array([x]), fields), fields)
    assert abs(decoded[0] - x) < 0.35 / (n_units - 2)


def test_silence_has_no_value():
    assert np.isnan(population_decode(np.zeros((4, 3)), receptive_fields(4))).all()


def test_impossible_populations():
    with pytest.raises(ConfigurationError, match=r"n_units.*at least 3.*got 2"):
        receptive_fields(2)
    with pytest.raises(ConfigurationError, match="low < high"):
        receptive_fields(5, 1.0, 1.0)
    with pytest.raises(ConfigurationError, match="beta"):
        receptive_fields(5, beta=0.0)
