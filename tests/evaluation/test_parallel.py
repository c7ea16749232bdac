"""Folds on several workers: the same records as one after the other, whatever dies on the way."""

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
import warnings
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from eegsnn.errors import ConfigurationError, SilentNetworkWarning, WorkerError
from eegsnn.evaluation import (
    Candidate,
    ExperimentInterrupted,
    FoldStore,
    make_split,
    parallel,
    run_experiment,
)

# Workers cannot import a test: what is defined here travels by value. Older joblibs bring a
# cloudpickle of their own.
for home in ("cloudpickle", "joblib.externals.cloudpickle"):
    with contextlib.suppress(ImportError):
        importlib.import_module(home).register_pickle_by_value(sys.modules[__name__])


class Worker(ClassifierMixin, BaseEstimator):
    """Learns a little; notes every fit in a folder, and may die, warn or be interrupted in one."""

    def __init__(self, folder="", random_state=0, dies=0, stops=False):
        self.folder = folder
        self.random_state = random_state
        self.dies = dies
        self.stops = stops

    def fit(self, X, y):
        # The first trial is another in each fold: its number names the fold.
        name = f"{self.random_state}-{int(X[0, 0, 0])}-{int(X[-1, 0, 0])}"
        number = len(list(Path(self.folder).glob(f"{name}-*")))
        (Path(self.folder) / f"{name}-{number}-{os.getpid()}").write_text("")
        killed = len(list(Path(self.folder).glob("killed-*")))
        if killed < self.dies and self.random_state == 1:
            (Path(self.folder) / f"killed-{killed}").write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        if self.stops and self.random_state == 1:
            raise KeyboardInterrupt
        if self.random_state == 0:
            warnings.warn("layer 1 is silent", SilentNetworkWarning, stacklevel=2)
        generator = np.random.default_rng(self.random_state)
        self.weights_ = generator.normal(size=X[0].size)
        self.model_ = LinearDiscriminantAnalysis().fit(self.project(X), y)
        self.classes_ = self.model_.classes_
        return self

    def project(self, X):
        flat = X.reshape(len(X), -1)
        return np.column_stack([flat @ self.weights_, flat[:, :3]])

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X):
        return self.model_.predict_proba(self.project(X))


@pytest.fixture
def data(rng):
    y = np.arange(36) % 2
    X = rng.normal(size=(36, 2, 40)) + 0.3 * y[:, None, None]
    X[:, 0, 0] = np.arange(36)
    groups = {"run": np.repeat(["1", "2", "3"], 12)}
    return SimpleNamespace(X=X, y=y, groups=groups, classes=[0, 1], name="Made", split=None)


def candidates(folder, **options):
    return [Candidate("net", lambda seed: Worker(str(folder), seed, **options))]


def run(data, folder, store=None, **options):
    worker = {key: options.pop(key) for key in ("dies", "stops") if key in options}
    split = make_split(data, "leave-one-group-out", group="run")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SilentNetworkWarning)
        return run_experiment(
            data,
            candidates(folder, **worker),
            split,
            seeds=[0, 1],
            store=store,
            **options,
        )


def told(result):
    """Everything of a result but how long it took."""
    content = result.to_dict()
    for run in content["runs"]:
        run["fit_seconds"] = run["predict_seconds"] = 0
    for summary in content["summaries"]:
        summary["fit_seconds"] = summary["predict_milliseconds"] = 0
    return content


def fits(folder):
    return [path.name for path in Path(folder).iterdir() if not path.name.startswith("killed")]


@pytest.mark.slow
def test_what_another_run_keeps_meanwhile_stays(tmp_path):
    store = FoldStore(tmp_path / "kept")
    other = tmp_path / "kept" / "lda-fold-1-0123456789ab.json"
    other.parent.mkdir()
    other.write_text("{}")
    store.forget_all_but(set())
    assert other.exists()
    FoldStore(tmp_path / "kept").forget_all_but(set())
    assert not other.exists()


def test_processes_one_of_them_killed_give_what_one_after_the_other_gives(data, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    alone = run(data, tmp_path / "one")
    seen, states = [], []
    kept = FoldStore(tmp_path / "kept")
    with pytest.warns(SilentNetworkWarning, match="layer 1 is silent"):
        many = run_experiment(
            data,
            candidates(tmp_path / "many", dies=1),
            make_split(data, "leave-one-group-out", group="run"),
            seeds=[0, 1],
            n_jobs=2,
            store=kept,
            progress=lambda step: states.append((step.state, step.fold, step.seed)),
            on_fitted=lambda it: seen.append((it.fold.name, it.estimator.weights_.shape)),
            wants_fitted=lambda candidate, fold, seed: fold.name == "run 2" and seed == 1,
        )
    assert (tmp_path / "many" / "killed-0").exists()
    assert [(r.fold, r.seed) for r in many.runs] == [(r.fold, r.seed) for r in alone.runs]
    assert [r.predictions for r in many.runs] == [r.predictions for r in alone.runs]
    assert [r.warnings for r in many.runs] == [r.warnings for r in alone.runs]
    assert seen == [("run 2", (80,))]
    assert sorted(states) == sorted(("finished", run.fold, run.seed) for run in many.runs)
    assert str(os.getpid()) not in {name.rpartition("-")[2] for name in fits(tmp_path / "many")}
    # All were kept, so that nothing is left to do.
    before = fits(tmp_path / "many")
    again = run(data, tmp_path / "many", n_jobs=2, store=kept, dies=1)
    assert told(again) == told(many)
    assert fits(tmp_path / "many") == before


def _in_this_process(dataset, jobs, n_jobs):
    return (parallel.run_job(dataset, job) for job in jobs)


@pytest.mark.parametrize("real", [pytest.param(True, marks=pytest.mark.slow), False])
def test_an_interruption_keeps_what_is_finished(data, tmp_path, monkeypatch, real):
    if not real:
        monkeypatch.setattr(parallel, "_in_processes", _in_this_process)
    (tmp_path / "fits").mkdir()
    with pytest.raises(ExperimentInterrupted) as caught:
        run(data, tmp_path / "fits", store=FoldStore(tmp_path / "kept"), n_jobs=2, stops=True)
    assert caught.value.done == len(list((tmp_path / "kept").glob("*.json")))
    assert caught.value.total == 6


def test_a_fold_that_kills_every_worker_is_named_and_the_others_are_finished(
    data, tmp_path, monkeypatch
):
    # Processes that die take seconds to be replaced: these only say that they died.
    def die(dataset, jobs, n_jobs):
        for job in jobs:
            if job.name == "net, run 2, seed 0":
                raise BrokenProcessPool
            yield parallel.run_job(dataset, job)

    monkeypatch.setattr(parallel, "_in_processes", die)
    store = FoldStore(tmp_path / "kept")
    with pytest.raises(WorkerError, match=r"same work \(net, run 2, seed 0\)"):
        run(data, tmp_path, n_jobs=2, store=store)
    assert len(list((tmp_path / "kept").glob("*.json"))) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_jobs": 0}, "n_jobs: expected an integer ≥ 1"),
        ({"backend": "threads"}, "backend: expected one of 'loky', 'dask'"),
        ({"scheduler": "tcp://127.0.0.1:1"}, "only backend 'dask' has one"),
    ],
)
def test_impossible_workers_are_refused_before_anything_is_fitted(data, tmp_path, options, message):
    with pytest.raises(ConfigurationError, match=message):
        run(data, tmp_path, **options)
    assert fits(tmp_path) == []


@pytest.mark.skipif(
    importlib.util.find_spec("distributed") is not None, reason="distributed is installed"
)
def test_dask_without_distributed_names_the_extra(data, tmp_path):
    with pytest.raises(ConfigurationError, match=r"eegsnn\[dask\]"):
        run(data, tmp_path, backend="dask")


@pytest.mark.slow
def test_a_worker_of_a_dask_cluster_is_killed_and_nothing_is_lost_or_counted_twice(data, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs distributed (eegsnn[dask])")
    (tmp_path / "fits").mkdir()
    (tmp_path / "one").mkdir()
    finished = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path / "dask"
    ) as cluster:
        result = run(
            data,
            tmp_path / "fits",
            store=FoldStore(tmp_path / "kept"),
            backend="dask",
            scheduler=cluster.scheduler_address,
            dies=1,
            progress=lambda step: finished.append((step.fold, step.seed)),
        )
    assert (tmp_path / "fits" / "killed-0").exists()
    assert sorted(finished) == sorted((run.fold, run.seed) for run in result.runs)
    assert len(list((tmp_path / "kept").glob("*.json"))) == 6
    names = [name.rpartition("-")[0].rpartition("-") for name in fits(tmp_path / "fits")]
    assert sum(number == "1" for _, _, number in names) >= 1  # that fold was begun again
    alone = run(data, tmp_path / "one")
    assert [r.predictions for r in result.runs] == [r.predictions for r in alone.runs]
    assert [(r.fold, r.seed) for r in result.runs] == [(r.fold, r.seed) for r in alone.runs]


def test_a_dask_scheduler_that_does_not_answer_is_named(data, tmp_path):
    pytest.importorskip("distributed", reason="needs distributed (eegsnn[dask])")
    import dask

    brief = dask.config.set({"distributed.comm.timeouts.connect": "0.2s"})
    with brief, pytest.raises(WorkerError, match="no Dask scheduler answers at tcp"):
        run(data, tmp_path, backend="dask", scheduler="tcp://127.0.0.1:9")


def test_a_worker_with_other_sources_is_refused(data, tmp_path):
    fold = make_split(data, "leave-one-group-out", group="run").folds[0]
    job = parallel.Job(0, "net", Worker(str(tmp_path)), fold, "run", wanted=False)
    assert parallel.run_job(data, job).number == 0
    with pytest.raises(WorkerError, match="sources differ"):
        parallel.run_job(data, replace(job, sources="of last week"))
