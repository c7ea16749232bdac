"""The card is whole, of its shape, and says what forbids a use."""

import json

import numpy as np
import pytest

from eegsnn.reports import check_model_card, model_card


class Series:
    def __init__(self, subjects=("S1",)):
        n = 40
        self.name, self.classes = "Generated", ["left", "right"]
        self.X = np.zeros((n, 2, 100))
        self.y = np.array(self.classes)[np.arange(n) % 2]
        self.groups = {"subject": np.array(subjects)[np.arange(n) * len(subjects) // n]}
        self.sfreq, self.ch_names, self.unit, self.tmin = 250.0, ["C3", "C4"], "V", 0.5
        self.warnings = ["Beware."]


class Table:
    name, classes = "Pixels", ["a", "b"]
    X, y, groups = np.zeros((4, 9)), np.array(list("abab")), {}


@pytest.fixture
def result(make_result):
    n = np.arange(40)
    result = make_result({"ours": {0: n < 36, 1: n < 34}, "lda": {None: n < 30}}, {"official": n})
    for run in result.runs_of("ours"):
        run.operations = {
            "synaptic_operations": 100.0, "multiply_accumulates": 10.0, "energy_nj": 0.1,
            "parameters": 30.0,
        }  # fmt: skip
        run.spike_rates = {"hidden1": 0.1}
        run.selection = [
            {"name": "alpha", "score": 0.9, "seconds": 1.0, "chosen": run.seed == 0},
            {"name": "slow", "score": 0.8, "seconds": 1.0, "chosen": run.seed == 1},
        ]
    return result


def make_card(result, dataset=None, **changes):
    settings = {
        "model": "ours",
        "title": "A title",
        "estimator": "EEGSpikingClassifier",
        "settings": {"hidden": [64]},
        "causality": "The bands are causal: they see the past alone.",
        "versions": {"eegsnn": "9.9"},
    }
    return model_card(result, dataset or Series(), **{**settings, **changes})


def test_a_card_survives_json_and_has_its_shape(result):
    card = json.loads(json.dumps(make_card(result), allow_nan=False))
    check_model_card(card)
    assert card["data"]["classes"] == {"left": 20, "right": 20}
    assert card["data"]["sfreq"] == 250.0
    assert card["model"]["parameters"] == 30
    assert card["model"]["operations"]["synaptic_operations"] == 100.0
    assert card["model"]["spike_rates"] == {"hidden1": 0.1}
    assert card["model"]["chosen_in_runs"] == {"alpha": 1, "slow": 1}
    assert card["performance"]["baselines"][0]["name"] == "lda"
    assert card["performance"]["accuracy"] == pytest.approx(0.875)
    assert card["filters"]["usable_online"] is True


@pytest.mark.parametrize(
    ("place", "change"),
    [("data", {"sfreq": "fast"}), ("model", {"extra": 1}), ("performance", {"chance": None})],
)
def test_another_shape_is_refused(result, place, change):
    card = make_card(result)
    card[place] |= change
    with pytest.raises(ValueError, match=place):
        check_model_card(card)


@pytest.mark.parametrize(
    "ahead",
    [
        "The encoder's bands are zero-phase: they look ahead.",
        "The bands are causal: they see the past alone. Resampling before cutting looks ahead.",
    ],
)
def test_limits_name_what_forbids_a_use(result, ahead):
    result.protocol |= {"leaky": ["copies"], "transductive": ["alignment"]}
    card = make_card(result, causality=ahead)
    limits = " ".join(card["limits"])
    for phrase in ("leaky", "alignment", "cannot be used online", "one subject"):
        assert phrase in limits, phrase
    assert card["filters"]["usable_online"] is False


def test_unseen_subjects_are_claimed_only_where_they_were_tested(result):
    people = Series(("S1", "S2"))
    assert any("may be in training" in limit for limit in make_card(result, people)["limits"])
    result.protocol["group"] = "subject"
    assert any("had not seen, 2 in all" in limit for limit in make_card(result, people)["limits"])


def test_a_table_has_no_channels(make_result):
    result = make_result({"ours": {0: np.ones(4)}}, {"official": np.arange(4)})
    card = make_card(result, Table(), causality="")
    assert card["data"]["sfreq"] is None
    assert card["data"]["samples"] == 9
    assert card["model"]["operations"] is None
    assert card["filters"]["usable_online"] is None
