import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegsnn.errors import ConfigurationError
from eegsnn.recordings import standardize_channel_names

NAMES = st.lists(
    st.one_of(
        st.sampled_from(["C3", "c3", "C3.", "EEG C3-Ref", "Fp1", "FP1", "Fc5.", "A1-Cz", "T9.."]),
        st.text(min_size=1, max_size=8),
    ),
    unique=True,
    max_size=12,
)


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("Fc5.", "FC5"),
        ("C3..", "C3"),
        ("EEG FP1-REF", "Fp1"),
        ("EEG Cz-LE", "Cz"),
        ("POZ", "POz"),
        ("AFZ", "AFz"),
        ("t10.", "T10"),
        ("A1-Cz", "A1-Cz"),
        ("2 cm frontal of C3", "2 cm frontal of C3"),
        ("STATUS", "STATUS"),
    ],
)
def test_spelling_of_the_montage(given_name, expected):
    assert standardize_channel_names([given_name]) == {given_name: expected}


def test_channels_that_would_collide_keep_their_names():
    mapping = standardize_channel_names(["EEG C3", "c3", "Cz", "CZ."])
    assert mapping == {"EEG C3": "EEG C3", "c3": "c3", "Cz": "Cz", "CZ.": "CZ."}


@settings(deadline=None)
@given(NAMES)
def test_distinct_names_stay_distinct(names):
    mapping = standardize_channel_names(names)
    assert list(mapping) == names
    assert len(set(mapping.values())) == len(names)


@settings(deadline=None)
@given(NAMES)
def test_standard_names_are_left_alone(names):
    once = list(standardize_channel_names(names).values())
    again = standardize_channel_names(once)
    assert all(again[name] == name for name in once)


def test_old_and_new_names_of_the_montage_agree():
    names = ["Fc5.", "Cz..", "oz"]
    old = standardize_channel_names(names, "standard_1005")
    assert old == standardize_channel_names(names, "colin27_1005")


def test_unknown_montage():
    with pytest.raises(ConfigurationError, match=r"biosemi64.*but got 'nonsense'"):
        standardize_channel_names(["C3"], "nonsense")
