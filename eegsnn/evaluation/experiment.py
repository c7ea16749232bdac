"""Run models through folds and seeds: fit on training trials, score both sides, keep the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eegsnn.evaluation.fingerprint import (
    code_fingerprint,
    dataset_fingerprint,
    describe_estimator,
    run_key,
)
from eegsnn.evaluation.folds import run_fold
from eegsnn.evaluation.leaks import find_leaks, find_transduction
from eegsnn.evaluation.metrics import chance_of_folds
from eegsnn.evaluation.parallel import Done, Job, check_workers, repeat_warnings, run_jobs
from eegsnn.evaluation.protocols import Fold, Split
from eegsnn.evaluation.results import ExperimentResult, RunRecord
from eegsnn.evaluation.store import FoldStore


@dataclass(frozen=True)
class Candidate:
    """A model to be judged.

    Parameters
    ----------
    name : str
    build : callable
        Takes a seed (None for an unseeded model), returns an unfitted estimator.
    kind : "spiking" or "baseline"
    seeded : bool, default True
        Whether it is fitted once per seed, or once per fold because nothing in it is random.
    """

    name: str
    build: Callable[[int | None], Any]
    kind: Literal["spiking", "baseline"] = "spiking"
    seeded: bool = True


@dataclass(frozen=True)
class Progress:
    """What a progress callback is told, once before and once after every run.

    Parameters
    ----------
    state : "started", "finished" or "kept"
        "kept" stands for a record of an earlier, identical run that was used again; they come
        first. Of runs on several workers, "finished" alone is told.
    done, total : int
        Runs.
    record : RunRecord or None
        None when started.
    """

    state: Literal["started", "finished", "kept"]
    done: int
    total: int
    model: str
    fold: str
    seed: int | None
    record: RunRecord | None = None


@dataclass(frozen=True)
class Fitted:
    """A model that has just been fitted and scored, for whoever wants more of it than scores."""

    candidate: Candidate
    fold: Fold
    seed: int | None
    estimator: Any
    key: str


class ExperimentInterrupted(KeyboardInterrupt):
    """Ctrl-C during an experiment: how many runs are kept, and the model in training, if usable."""

    def __init__(self, done: int, total: int, estimator: Any = None) -> None:
        super().__init__(f"interrupted after {done} of {total} runs")
        self.done = done
        self.total = total
        self.estimator = estimator
        self.message = ""


@dataclass(frozen=True)
class _Task:
    candidate: Candidate
    fold: Fold
    seed: int | None
    key: str
    name: str


def run_experiment(
    dataset: Any,
    candidates: Sequence[Candidate],
    split: Split,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    store: FoldStore | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_fitted: Callable[[Fitted], None] | None = None,
    wants_fitted: Callable[[Candidate, Fold, int | None], bool] | None = None,
    n_jobs: int = 1,
    backend: str = "loky",
    scheduler: Any = None,
) -> ExperimentResult:
    """Fit and score every candidate on every fold, with every seed where it has one.

    Parameters
    ----------
    dataset : EEGDataset or TabularDataset
    candidates : sequence of Candidate
    split : Split
        From :func:`~eegsnn.evaluation.make_split`.
    seeds : sequence of int, default (0, 1, 2, 3, 4)
        They turn the models' randomness alone; the folds stay the same.
    store : FoldStore, optional
        Runs found there are not repeated; finished runs are kept there at once.
    progress : callable, optional
        Called with a :class:`Progress` before and after each run.
    on_fitted : callable, optional
        Called with a :class:`Fitted` after each fit, before its record is kept; always here, in
        the process that calls this function, whichever worker has fitted the model.
    wants_fitted : callable, optional
        Takes a candidate, a fold and a seed; says whether `on_fitted` is to be called for that
        run. All of them if not given; then every model travels back from its worker.
    n_jobs : int, default 1
        Runs at a time: as many processes of this machine, each with its share of the cores; -1 for
        as many as there are cores. The result is the same, record for record.
    backend : "loky" or "dask", default "loky"
        Processes of this machine, through joblib, or a Dask cluster. A worker that is killed costs
        the run that it was at, which is given to another.
    scheduler : str or distributed.Client, optional
        Address of a Dask scheduler (``"tcp://host:8786"``), whose workers are all used. A cluster
        of `n_jobs` processes of this machine if not given.

    Returns
    -------
    ExperimentResult
        Its runs in the order of the plan: baselines first, then by seed and fold.

    Raises
    ------
    ExperimentInterrupted
        On Ctrl-C; finished runs are in `store`, workers have been stopped. It is a
        KeyboardInterrupt.
    ConfigurationError
        If `n_jobs`, `backend` or `scheduler` is impossible, before anything is fitted.
    WorkerError
        If workers die again and again, or the scheduler does not answer.

    Warns
    -----
    LeakageWarning
        If the split or a model leaks (:func:`~eegsnn.evaluation.find_leaks`).
    """
    n_jobs = check_workers(n_jobs, backend, scheduler)
    seeded = [candidate.build(seeds[0] if candidate.seeded else None) for candidate in candidates]
    leaky = find_leaks(dataset, split, seeded)
    data = dataset_fingerprint(dataset)
    tasks = _plan(candidates, split.folds, seeds, data, split.group)
    records: dict[int, RunRecord] = {}
    running = _InTurn()

    def tell(state: Any, task: _Task, record: RunRecord | None = None) -> None:
        if progress is not None:
            progress(
                Progress(
                    state,
                    len(records),
                    len(tasks),
                    task.candidate.name,
                    task.fold.name,
                    task.seed,
                    record,
                )
            )

    def wanted(task: _Task) -> bool:
        if on_fitted is None:
            return False
        return wants_fitted is None or wants_fitted(task.candidate, task.fold, task.seed)

    def receive(done: Done) -> None:
        task, record = tasks[done.number], done.record
        record.model, record.kind = task.candidate.name, task.candidate.kind
        record.seed, record.key = task.seed, task.key
        if on_fitted is not None and wanted(task):
            on_fitted(Fitted(task.candidate, task.fold, task.seed, done.estimator, task.key))
        if store is not None:
            store.put(record)
        records[done.number] = record
        tell("finished", task, record)

    def job(number: int) -> Job:
        task = tasks[number]
        estimator = task.candidate.build(task.seed)
        return Job(number, task.name, estimator, task.fold, split.group, wanted(task))

    try:
        for number, task in enumerate(tasks):
            kept = store.get(task.key) if store is not None else None
            if kept is not None:
                kept.model, kept.kind, kept.fold = _names(task)
                records[number] = kept
                tell("kept", task, kept)
        left = [number for number in range(len(tasks)) if number not in records]
        if n_jobs == 1 and backend == "loky":
            for number in left:
                tell("started", tasks[number])
                receive(running.run(dataset, job(number)))
        else:
            jobs = [job(number) for number in left]
            for done in run_jobs(
                dataset, jobs, n_jobs=n_jobs, backend=backend, scheduler=scheduler
            ):
                repeat_warnings(done)
                receive(done)
    except KeyboardInterrupt as error:
        raise ExperimentInterrupted(len(records), len(tasks), running.usable) from error

    runs = [records[number] for number in range(len(tasks))]
    leaky = list(dict.fromkeys([*leaky, *(reason for run in runs for reason in run.leaks)]))
    return _result(dataset, split, seeds, runs, leaky, data)


def planned_keys(
    dataset: Any, candidates: Sequence[Candidate], split: Split, seeds: Sequence[int]
) -> set[str]:
    """Return the keys under which the runs of an experiment are kept, finished or not.

    Parameters
    ----------
    dataset, candidates, split, seeds
        As for :func:`run_experiment`.
    """
    data = dataset_fingerprint(dataset)
    return {task.key for task in _plan(candidates, split.folds, seeds, data, split.group)}


class _InTurn:
    """Runs jobs here, one after the other, and remembers the model at work."""

    def __init__(self) -> None:
        self._estimator: Any = None

    def run(self, dataset: Any, job: Job) -> Done:
        self._estimator = job.estimator
        record = run_fold(job.estimator, dataset, job.fold, group=job.group)
        return Done(job.number, record, job.estimator, [])

    @property
    def usable(self) -> Any:
        """The model that was in training when all was interrupted, if it can predict already."""
        return self._estimator if hasattr(self._estimator, "classes_") else None


def _names(task: _Task) -> tuple[str, Any, str]:
    return task.candidate.name, task.candidate.kind, task.fold.name


def _result(
    dataset: Any,
    split: Split,
    seeds: Sequence[int],
    runs: list[RunRecord],
    leaky: list[str],
    data: str,
) -> ExperimentResult:
    tested = np.unique(np.concatenate([fold.test for fold in split.folds]))
    return ExperimentResult(
        dataset=str(dataset.name),
        classes=[str(label) for label in dataset.classes],
        protocol={
            "kind": split.kind,
            "group": split.group,
            "within": split.within,
            "leaky": leaky,
            "transductive": find_transduction(dataset),
            "notes": list(split.notes),
        },
        folds=[
            {"name": fold.name, "n_train": len(fold.train), "n_test": len(fold.test)}
            for fold in split.folds
        ],
        seeds=list(seeds),
        chance=chance_of_folds(np.asarray(dataset.y), [fold.test for fold in split.folds]),
        n_test_trials=len(tested),
        runs=runs,
        fingerprints={"data": data, "code": code_fingerprint()},
        groups={name: [str(g) for g in values] for name, values in dataset.groups.items()},
    )


def _plan(
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    seeds: Sequence[int],
    data: str,
    group: str | None,
) -> list[_Task]:
    """List all runs, baselines first: they are quick, and a mistake in one shows at once."""
    tasks = []
    for candidate in sorted(candidates, key=lambda c: c.kind != "baseline"):
        for seed in seeds if candidate.seeded else [None]:
            estimator = candidate.build(seed)
            settings, code = describe_estimator(estimator), code_fingerprint(estimator)
            words = "" if seed is None else f", seed {seed}"
            tasks += [
                _Task(
                    candidate,
                    fold,
                    seed,
                    run_key(data, fold, settings, seed, group, code),
                    f"{candidate.name}, {fold.name}{words}",
                )
                for fold in folds
            ]
    return tasks
