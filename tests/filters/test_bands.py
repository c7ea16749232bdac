"""Bands: their edges, the usual sets, and every way of naming them."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError
from eegsnn.filters import BAND_SETS, FrequencyBand, resolve_bands


def test_interval_is_half_open():
    theta, alpha = FrequencyBand("theta", 4, 8), FrequencyBand("alpha", 8, 13)
    assert not theta.contains(8)
    assert alpha.contains(8)
    assert FrequencyBand("slow", 0, 1).contains(0)
    assert FrequencyBand("high", 30, None).contains(1000)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [(8, 13, "bandpass"), (0, 1, "lowpass"), (None, 1, "lowpass"), (30, None, "highpass"),
     (30, math.inf, "highpass"), (None, None, "all"), (0, math.inf, "all")],
)  # fmt: skip
def test_kind_follows_the_edges(low, high, kind):
    assert FrequencyBand("x", low, high).kind == kind


@pytest.mark.parametrize(
    ("low", "high"), [(13, 8), (8, 8), (-1, 4), (0, 0), (math.nan, 4), ("a", 4), (True, 4)]
)
def test_impossible_edges_name_the_band(low, high):
    with pytest.raises(ConfigurationError, match="alpha"):
        FrequencyBand("alpha", low, high)


@pytest.mark.parametrize("name", ["", "  ", 3])
def test_a_band_needs_a_name(name):
    with pytest.raises(ConfigurationError, match="name"):
        FrequencyBand(name, 1, 2)


def test_beyond_nyquist_names_band_rate_and_nyquist():
    with pytest.raises(ConfigurationError, match=r"gamma \(30–45 Hz\).*32 Hz.*64 Hz"):
        FrequencyBand("gamma", 30, 45).check_rate(64)
    with pytest.raises(ConfigurationError, match="Nyquist"):
        FrequencyBand("edge", 10, 50).check_rate(100)
    FrequencyBand("all").check_rate(1)


@given(
    low=st.one_of(st.none(), st.floats(0.01, 40)), width=st.one_of(st.none(), st.floats(0.1, 40))
)
def test_survives_json(low, width):
    high = None if width is None else (low or 0) + width
    band = FrequencyBand("x", low, high)
    assert FrequencyBand.from_dict(json.loads(json.dumps(band.to_dict()))) == band


def test_description_with_unknown_keys_is_refused():
    with pytest.raises(ConfigurationError, match="keys"):
        FrequencyBand.from_dict({"name": "x", "lo": 3})


def test_sets_are_sound():
    for bands in BAND_SETS.values():
        assert len({band.name for band in bands}) == len(bands)
    assert [(b.low, b.high) for b in BAND_SETS["standard"]] == [
        (1, 4), (4, 8), (8, 13), (13, 30), (30, 45)
    ]  # fmt: skip
    assert [b.low for b in BAND_SETS["filter_bank_csp"]] == list(range(4, 40, 4))
    assert BAND_SETS["sleep"][0].low == 0.5
    assert BAND_SETS["slow"][0].kind == "lowpass"


@pytest.mark.parametrize(
    "spec",
    [
        {"a": [8, 13], "b": (0, 1)},
        [FrequencyBand("a", 8, 13), FrequencyBand("b", 0, 1)],
        [{"name": "a", "low": 8, "high": 13}, {"name": "b", "high": 1}],
    ],
)
def test_every_way_of_naming_bands(spec):
    assert resolve_bands(spec) == (FrequencyBand("a", 8, 13), FrequencyBand("b", None, 1))


def test_names_of_sets_and_of_single_bands():
    assert resolve_bands("motor") == BAND_SETS["motor"]
    assert resolve_bands("alpha") == (FrequencyBand("alpha", 8, 13),)
    assert resolve_bands(["mu", [30, None]])[1] == FrequencyBand("30-Hz", 30, None)
    assert resolve_bands(None)[0].kind == "all"
    assert resolve_bands(FrequencyBand("x", 1, 2)) == (FrequencyBand("x", 1, 2),)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("standart", "Did you mean 'standard'"),
        ([], "at least one"),
        ([[8, 13], [8, 13]], "more than one"),
        ({"a": [8]}, r"\[low, high\]"),
        ({"a": 8}, r"\[low, high\]"),
        (["alhpa"], "Did you mean 'alpha'"),
        (3, "expected the name of a set"),
    ],
)
def test_impossible_specifications(spec, message):
    with pytest.raises(ConfigurationError, match=message):
        resolve_bands(spec)
