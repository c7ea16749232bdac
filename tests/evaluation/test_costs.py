"""What a decision costs is asked of whoever can tell, and of nobody else."""

import json

import numpy as np
import pytest

from eegsnn.estimators import SpikingClassifier
from eegsnn.evaluation import RunRecord, decision_costs, selection_of


class Spiking:
    n_parameters_ = 12

    def __init__(self):
        self.asked = 0

    def count_operations(self, X):
        self.asked = len(X)
        return {"synaptic_operations": 200.0, "multiply_accumulates": 10.0}


class Twin:
    macs_ = 1000


def test_additions_and_multiplications_have_their_energies():
    assert decision_costs(Spiking(), np.zeros((3, 2))) == {
        "synaptic_operations": 200.0,
        "multiply_accumulates": 10.0,
        "parameters": 12.0,
        "energy_nj": pytest.approx((200 * 0.9 + 10 * 4.6) / 1000),
    }
    assert decision_costs(Twin(), np.zeros((3, 2)))["energy_nj"] == pytest.approx(4.6)


def test_a_large_test_set_is_sampled():
    model = Spiking()
    decision_costs(model, np.zeros((5000, 2)))
    assert model.asked == 128


def test_who_counts_nothing_costs_nothing_known():
    assert decision_costs(object(), np.zeros((3, 2))) is None


def test_what_was_chosen_keeps_its_weight():
    class Committee:
        selection_ = (
            {"name": "a", "score": np.float32(0.5), "weight": 0.7, "chosen": True, "note": ""},
            {"name": "b", "score": None, "weight": 0.0},
        )

    chosen, other = selection_of(Committee())
    assert chosen == {"name": "a", "score": 0.5, "seconds": None, "chosen": True, "weight": 0.7}
    assert (other["score"], other["chosen"]) == (None, False)


def test_a_network_tells_what_it_costs(rng):
    X, y = rng.normal(size=(20, 2, 30)), np.arange(20) % 2
    model = SpikingClassifier((8,), max_epochs=1, n_networks=2, random_state=0).fit(X, y)
    costs = decision_costs(model, X)
    # Two networks of 2 × 8 + 8 + 8 × 2 + 2 weights and 8 decays; the first layer reads currents.
    assert costs["parameters"] == 2 * 50
    assert costs["multiply_accumulates"] == 2 * 30 * 2 * 8
    assert costs["synaptic_operations"] > 0


def test_records_of_earlier_versions_still_load():
    old = {
        "model": "m", "kind": "spiking", "fold": "official", "seed": 0, "n_train": 4, "n_test": 2,
        "train": {}, "test": {}, "fit_seconds": 1.0, "predict_seconds": 0.1, "predictions": {},
        "key": "ab",
    }  # fmt: skip
    record = RunRecord.from_dict(json.loads(json.dumps(old)))
    assert record.operations is None
    assert record.selection == []
