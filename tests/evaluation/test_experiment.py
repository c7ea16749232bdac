"""Experiments: training data alone, every run kept, and used again when nothing changed."""

import json
import warnings
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from eegsnn.errors import InterruptedTrainingWarning, SilentNetworkWarning
from eegsnn.evaluation import (
    Candidate,
    ExperimentInterrupted,
    FoldStore,
    make_split,
    run_experiment,
    verdict,
)


@dataclass
class Data:
    X: np.ndarray
    y: np.ndarray
    groups: dict
    classes: list = field(default_factory=lambda: ["a", "b"])
    name: str = "Generated"
    split: np.ndarray | None = None


@pytest.fixture
def data(rng):
    y = np.array(["a", "b"] * 15)
    X = rng.normal(size=(30, 4)) + (y == "b")[:, None]
    return Data(X, y, {"run": np.repeat(["1", "2", "3"], 10)})


class Recorder(ClassifierMixin, BaseEstimator):
    """A stand-in network: notes what it was given, and may warn or be interrupted."""

    calls: list = []  # noqa: RUF012 — shared on purpose

    def __init__(self, random_state=None, complaint=None):
        self.random_state = random_state
        self.complaint = complaint

    def fit(self, X, y, groups=None):
        Recorder.calls.append((len(X), None if groups is None else sorted(set(groups))))
        if isinstance(self.complaint, type) and issubclass(self.complaint, KeyboardInterrupt):
            raise KeyboardInterrupt
        if self.complaint is not None:
            warnings.warn("layer 1 is silent; lower threshold", self.complaint, stacklevel=2)
        self.model_ = LogisticRegression().fit(X, y)
        self.classes_ = self.model_.classes_
        self.spike_rates_ = {"hidden 1": 0.1 * self.random_state}
        self.loss_curve_ = [1.0, 0.5]
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


def spiking(**options):
    return Candidate("spiking", lambda seed: Recorder(seed, **options))


def logistic():
    return Candidate("logistic", lambda seed: LogisticRegression(), "baseline", seeded=False)


@pytest.fixture(autouse=True)
def no_calls():
    Recorder.calls.clear()


def runs_split(data):
    return make_split(data, "leave-one-group-out", group="run")


def test_seeded_models_run_per_fold_and_seed_and_others_per_fold(data):
    result = run_experiment(data, [spiking(), logistic()], runs_split(data), seeds=[0, 1])
    assert len(result.runs_of("spiking")) == 6
    assert len(result.runs_of("logistic")) == 3
    assert {run.seed for run in result.runs_of("logistic")} == {None}
    summary = result.summary("spiking")
    assert summary.spike_rates == {"hidden 1": pytest.approx(0.05)}
    assert np.sum(summary.confusion_matrix) == 60
    assert result.n_test_trials == 30
    assert result.chance == 0.5


def test_fit_is_given_training_groups_alone(data):
    run_experiment(data, [spiking()], runs_split(data), seeds=[0])
    assert Recorder.calls == [(20, ["2", "3"]), (20, ["1", "3"]), (20, ["1", "2"])]


def test_groups_are_not_given_where_only_one_is_left(data):
    pair = replace(data, X=data.X[:20], y=data.y[:20], groups={"run": data.groups["run"][:20]})
    run_experiment(pair, [spiking()], runs_split(pair), seeds=[0])
    assert Recorder.calls == [(10, None), (10, None)]


def test_results_are_json_and_rows(data):
    result = run_experiment(data, [spiking(), logistic()], runs_split(data), seeds=[3])
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert content["summaries"][0]["model"] == "logistic"
    assert content["leaky"] is False
    rows = result.rows()
    assert len({tuple(row) for row in rows}) == 1
    assert rows[-1]["seed"] == 3
    assert rows[-1]["spike_rate_hidden 1"] == pytest.approx(0.3)


def test_finished_runs_are_used_again(data, tmp_path):
    store = FoldStore(tmp_path)
    first = run_experiment(data, [spiking()], runs_split(data), seeds=[0, 1], store=store)
    Recorder.calls.clear()
    states = []
    again = run_experiment(
        data,
        [spiking()],
        runs_split(data),
        seeds=[0, 1],
        store=store,
        progress=lambda progress: states.append(progress.state),
    )
    assert Recorder.calls == []
    assert states == ["kept"] * 6
    assert again.to_dict() == first.to_dict()


@pytest.mark.parametrize("change", ["data", "label", "setting", "seed"])
def test_anything_that_scores_depend_on_makes_runs_fresh(data, tmp_path, change):
    store = FoldStore(tmp_path)
    split = runs_split(data)
    run_experiment(data, [logistic(), spiking()], split, seeds=[0], store=store)
    Recorder.calls.clear()
    candidate, seeds = spiking(), [0]
    if change == "data":
        data.X[0, 0] += 1e-9
    elif change == "label":
        data.y[[0, 1]] = data.y[[1, 0]]
    elif change == "setting":
        candidate = spiking(complaint=UserWarning)
    else:
        seeds = [1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        run_experiment(data, [candidate], split, seeds=seeds, store=store)
    assert len(Recorder.calls) == 3


def test_a_damaged_record_is_made_anew(data, tmp_path):
    store = FoldStore(tmp_path)
    run_experiment(data, [spiking()], runs_split(data), seeds=[0], store=store)
    Recorder.calls.clear()
    victim = next(tmp_path.glob("*.json"))
    victim.write_text(victim.read_text()[:100])
    run_experiment(data, [spiking()], runs_split(data), seeds=[0], store=store)
    assert len(Recorder.calls) == 1


def test_interruption_keeps_finished_runs(data, tmp_path):
    store = FoldStore(tmp_path)

    def stop_in_second_seed(seed):
        return Recorder(seed, KeyboardInterrupt if seed == 1 else None)

    with pytest.raises(ExperimentInterrupted) as caught:
        run_experiment(
            data,
            [Candidate("spiking", stop_in_second_seed)],
            runs_split(data),
            seeds=[0, 1],
            store=store,
        )
    assert (caught.value.done, caught.value.total) == (3, 6)
    assert len(list(tmp_path.glob("*.json"))) == 3


def test_a_fit_that_was_stopped_by_hand_is_not_scored_but_handed_over(data, tmp_path):
    with pytest.raises(ExperimentInterrupted) as caught:
        run_experiment(
            data,
            [spiking(complaint=InterruptedTrainingWarning)],
            runs_split(data),
            seeds=[0],
            store=FoldStore(tmp_path),
        )
    assert list(tmp_path.glob("*.json")) == []
    assert caught.value.estimator.predict(data.X).shape == (30,)


def test_warnings_of_the_network_reach_the_user_and_the_record(data):
    with pytest.warns(SilentNetworkWarning, match="lower threshold"):
        result = run_experiment(
            data, [spiking(complaint=SilentNetworkWarning)], runs_split(data), seeds=[0]
        )
    assert result.runs[0].warnings == ["layer 1 is silent; lower threshold"]


def test_folds_with_one_class_are_scored_together(data):
    data.groups["subject"] = np.array([f"{label}{i % 3}" for i, label in enumerate(data.y)])
    split = make_split(data, "leave-one-group-out", group="subject")
    result = run_experiment(data, [logistic()], split, seeds=[0])
    assert all(run.test["auc"] is None for run in result.runs)
    assert 0.5 < result.summary("logistic").auc.mean <= 1


class Constant(Recorder):
    def predict_proba(self, X):
        return np.tile([0.9, 0.1], (len(X), 1))


def test_verdict_admits_defeat_and_chance(data):
    loser = Candidate("spiking", lambda seed: Constant(seed))
    sentences = verdict(run_experiment(data, [loser, logistic()], runs_split(data), seeds=[0, 1]))
    text = " ".join(sentences)
    assert "cannot be told from chance" in text
    assert "does not beat the best baseline, logistic" in text


def test_a_constant_is_not_above_chance_where_folds_differ():
    """Accuracy is the mean over folds, and so is what it is compared with."""
    y = np.array(["a", "b"] * 30 + ["a"] * 18 + ["b"] * 2)
    data = Data(np.arange(80.0)[:, None], y, {"subject": np.repeat(["1", "2"], [60, 20])})
    split = make_split(data, "leave-one-group-out", group="subject")
    loser = Candidate("spiking", lambda seed: Constant(seed))
    result = run_experiment(data, [loser], split, seeds=[0])
    assert result.chance == pytest.approx((0.5 + 0.9) / 2)
    assert result.summary("spiking").accuracy.mean == pytest.approx(result.chance)


def test_verdict_of_a_lone_model_says_that_it_stands_alone(data):
    text = " ".join(verdict(run_experiment(data, [spiking()], runs_split(data), seeds=[0])))
    assert "stands alone" in text
